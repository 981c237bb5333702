"""Pair transforms, checked with pictures whose boxes can be found again in the pixels."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from difftracker.datasets.transforms import (
    BlankImages,
    FindDifferingRegions,
    LoadImagePair,
    PackPairInputs,
    PairPhotometric,
    PairRandomAffine,
    PairRandomFlip,
    PairResize,
    SwapImages,
)
from difftracker.errors import ConfigError, ImageReadError

BOXES = np.array([[20, 10, 60, 40], [70, 60, 110, 90]], dtype=np.float32)


def painted(width=120, height=100, boxes=BOXES):
    """A black picture with a bright rectangle for each box."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    for place, (x1, y1, x2, y2) in enumerate(boxes.astype(int)):
        image[y1:y2, x1:x2, place % 3] = 255
    return image


def results(rng=0, **extra):
    return {
        'img_before': painted(),
        'img_after': painted(),
        'boxes_before': BOXES.copy(),
        'boxes_after': BOXES.copy(),
        'valid_before': np.ones(2, bool),
        'valid_after': np.ones(2, bool),
        'kinds': np.array([0, 1]),
        'descriptions': [('cat', None, None, None), (None, 'dog', None, 'red')],
        'texts': ['the left one', 'both', 'none'],
        'answers': [[0], [0, 1], []],
        'query_ids': ['q0', 'q1', 'q2'],
        'subsets': ['remove', 'all', 'none'],
        'rng': np.random.default_rng(rng),
        'ori_shape_before': (100, 120),
        'ori_shape_after': (100, 120),
        'before_scale': 1.0,
        'after_scale': 1.0,
        **extra,
    }


def found_box(image, channel):
    ys, xs = np.nonzero((image[..., channel] > 180) & (image[..., (channel + 1) % 3] < 80))
    return np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])


def test_load_gives_rgb_and_shapes(tmp_path):
    red = np.zeros((6, 9, 3), np.uint8)
    red[..., 0] = 255
    for name in 'ab':
        Image.fromarray(red).save(tmp_path / f'{name}.png')
    item = LoadImagePair()({'before_path': tmp_path / 'a.png', 'after_path': tmp_path / 'b.png'})
    assert item['img_after'][0, 0].tolist() == [255, 0, 0]
    assert item['ori_shape_before'] == (6, 9)
    with pytest.raises(ImageReadError):
        LoadImagePair()({'before_path': tmp_path / 'a.png', 'after_path': tmp_path / 'c.png'})
    stated = {'before_path': tmp_path / 'a.png', 'after_path': tmp_path / 'b.png', 'before_size': (9, 6)}
    LoadImagePair()({**stated, 'after_size': (9, 6)})
    with pytest.raises(ImageReadError, match='b.png: expected 18 x 12 pixels, found 9 x 6'):
        LoadImagePair()({**stated, 'after_size': (18, 12)})


def test_blank_images_are_not_equal():
    """Equal images are answered with nothing by definition; the control is about the model."""
    item = BlankImages()(results())
    assert item['img_before'].shape == item['img_after'].shape == (100, 120, 3)
    assert np.unique(item['img_after']).tolist() == [np.unique(item['img_before']).item() + 1]


def test_swapped_images_keep_their_sizes():
    first, second = np.zeros((6, 9, 3), np.uint8), np.ones((12, 9, 3), np.uint8)
    item = {'img_before': first, 'img_after': second, 'ori_shape_before': (6, 9), 'ori_shape_after': (12, 9)}
    swapped = SwapImages()(item)
    assert swapped['img_before'] is second and swapped['img_after'] is first
    assert swapped['ori_shape_before'] == (12, 9) and swapped['ori_shape_after'] == (6, 9)


class TestPairResize:
    def test_each_image_has_its_own_scale(self):
        item = results(img_before=painted(60, 50, BOXES / 2), boxes_before=BOXES / 2)
        item = PairResize(scale=(240, 300))(item)
        assert item['before_scale'] == 4
        assert item['after_scale'] == 2
        assert item['img_before'].shape == item['img_after'].shape == (300, 240, 3)
        np.testing.assert_allclose(item['boxes_before'], BOXES * 2)
        np.testing.assert_allclose(item['boxes_after'], BOXES * 2)
        np.testing.assert_allclose(found_box(item['img_after'], 0), BOXES[0] * 2, atol=1)
        assert (item['img_after'][201:] == 114).all()
        assert item['img_shape'] == (300, 240)

    def test_shrinking_keeps_ratio_and_top_left(self):
        item = PairResize(scale=(60, 60))(results())
        assert item['after_scale'] == 0.5
        np.testing.assert_allclose(found_box(item['img_after'], 1), BOXES[1] / 2, atol=1)
        assert (item['img_after'][50:] == 114).all()

    def test_one_pixel_and_very_long_images(self):
        item = results(img_before=np.zeros((1, 1, 3), np.uint8), img_after=np.zeros((1, 1000, 3), np.uint8))
        item = PairResize(scale=(32, 32))(item)
        assert item['img_before'].shape == item['img_after'].shape == (32, 32, 3)

    def test_faulty_scale(self):
        with pytest.raises(ConfigError, match='scale'):
            PairResize(scale=(0, 3))
        with pytest.raises(ConfigError, match='exact_scale'):
            PairResize(scale=(32, 32), exact_scale=(0, 3))

    @pytest.mark.parametrize(('limit', 'canvas', 'scale'), [(400, (200, 240), 1), (120, (100, 120), 0.5)])
    def test_drawn_pairs_keep_their_size_up_to_a_limit(self, limit, canvas, scale):
        before = painted(240, 200, BOXES)
        after = before.copy()
        after[:99] = 255 - after[:99]
        item = results(img_before=before, img_after=after)
        item = PairResize(scale=(60, 60), exact_scale=(limit, limit))(item)
        assert item['img_after'].shape[:2] == item['img_before'].shape[:2] == item['img_shape'] == canvas
        assert item['before_scale'] == item['after_scale'] == scale
        np.testing.assert_allclose(item['boxes_after'], BOXES * scale)

    def test_a_page_that_grew_is_not_scaled_apart(self):
        before = painted(200, 150, BOXES)
        after = np.full((240, 200, 3), 9, np.uint8)
        after[:150] = before
        item = PairResize(scale=(60, 60), exact_scale=(400, 400))(results(img_before=before, img_after=after))
        assert item['img_shape'] == (240, 200)
        np.testing.assert_array_equal(item['img_after'], after)
        np.testing.assert_array_equal(item['img_before'][:150], before)
        assert (item['img_before'][150:] == 114).all()
        assert item['before_scale'] == item['after_scale'] == 1

    def test_other_pairs_do_not(self):
        noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
        page = np.zeros((100, 100, 3), np.uint8)
        mostly_other = page.copy()
        mostly_other[:51] += 1
        cases = {
            'unequal': (page, mostly_other),
            'sizes': (page, mostly_other[:90]),
            'small': (np.zeros((40, 40, 3), np.uint8),) * 2,
            'photograph': (noise, noise.copy()),
        }
        for before, after in cases.values():
            item = results(img_before=before, img_after=after)
            assert PairResize(scale=(60, 60), exact_scale=(100, 100))(item)['img_shape'] == (60, 60)


class TestFindDifferingRegions:
    def images(self):
        return results(img_before=np.zeros((100, 120, 3), np.uint8))

    def test_regions_are_the_painted_boxes(self):
        item = FindDifferingRegions()(self.images())
        np.testing.assert_array_equal(item['regions'], BOXES)
        assert len(FindDifferingRegions(max_regions=1)(self.images())['regions']) == 1

    def test_two_specimens_have_none(self):
        item = self.images()
        item['img_after'] = item['img_before'].copy()
        item['img_after'][::10, ::10] = 255
        assert len(FindDifferingRegions()(item)['regions']) == 0

    def test_two_shots_have_none(self):
        item = self.images()
        item['img_after'][:51] += 1
        assert 'regions' not in FindDifferingRegions()(item)

    def test_regions_go_with_the_boxes(self):
        item = FindDifferingRegions()(self.images())
        item = PairRandomFlip(prob=1.0)(PairResize(scale=(60, 60))(item))
        np.testing.assert_allclose(item['regions'], item['boxes_after'])
        assert not np.allclose(item['regions'], BOXES / 2)
        moved = PairRandomAffine(scale=(1.2, 1.2), prob=1.0, relative_prob=0.0)(item)
        np.testing.assert_allclose(moved['regions'], moved['boxes_after'][moved['valid_after']])
        sample = PackPairInputs()(moved)['data_samples']
        np.testing.assert_allclose(sample.regions, moved['regions'])

    def test_images_moved_apart_have_none(self):
        item = FindDifferingRegions()(self.images())
        assert len(PairRandomAffine(prob=0.0, relative_prob=1.0)(item)['regions']) == 0

    def test_two_scales_leave_none(self):
        item = self.images()
        item['img_after'] = item['img_after'][:90]
        item = FindDifferingRegions()(item)
        np.testing.assert_array_equal(item['regions'], BOXES)
        assert len(PairResize(scale=(60, 45))(item)['regions']) == 0

    @pytest.mark.parametrize('name', ['threshold', 'reach', 'max_regions'])
    def test_bad_arguments(self, name):
        with pytest.raises(ConfigError, match=f'{name} of FindDifferingRegions must be at least ., found -1'):
            FindDifferingRegions(**{name: -1})


class TestPairRandomFlip:
    def test_boxes_and_words_are_mirrored(self):
        item = PairRandomFlip(prob=1.0)(results())
        assert item['texts'] == ['the right one', 'both', 'none']
        np.testing.assert_allclose(item['boxes_after'], [[60, 10, 100, 40], [10, 60, 50, 90]])
        for side in ('before', 'after'):
            np.testing.assert_allclose(found_box(item[f'img_{side}'], 0), item[f'boxes_{side}'][0])

    def test_a_picture_on_a_wider_canvas_stays_at_its_left(self):
        """Of 120 pixels that the picture covers, what was at 20 to 60 is at 60 to 100; the padding stays beside it."""
        item = PairRandomFlip(prob=1.0)(PairResize(scale=(200, 100))(results()))
        np.testing.assert_allclose(item['boxes_after'], [[60, 10, 100, 40], [10, 60, 50, 90]])
        np.testing.assert_allclose(found_box(item['img_after'], 0), item['boxes_after'][0])
        assert (item['img_after'][:, 120:] == 114).all()
        assert (item['img_after'][:, :120] != 114).all()

    def test_doubtful_sentence_keeps_the_pair(self):
        item = PairRandomFlip(prob=1.0)(results(texts=['the letf one', 'both', 'none']))
        assert item['texts'][0] == 'the letf one'
        np.testing.assert_array_equal(item['img_after'], painted())

    def test_invalid_boxes_stay_zero(self):
        item = results(valid_before=np.array([True, False]))
        item['boxes_before'][1] = 0
        assert PairRandomFlip(prob=1.0)(item)['boxes_before'][1].tolist() == [0, 0, 0, 0]

    def test_share(self):
        flipped = [PairRandomFlip(0.5)(results(seed))['texts'][0] == 'the right one' for seed in range(200)]
        assert 70 < sum(flipped) < 130


class TestPairRandomAffine:
    @pytest.mark.parametrize('seed', range(6))
    def test_boxes_follow_the_pixels(self, seed):
        affine = PairRandomAffine(scale=(0.7, 1.0), translate=0.02, prob=1.0, relative_prob=1.0, relative_rotation=0.0)
        item = affine(results(seed))
        assert item['valid_after'].all()
        for side in ('before', 'after'):
            for place in (0, 1):
                expected = found_box(item[f'img_{side}'], place)
                np.testing.assert_allclose(item[f'boxes_{side}'][place], expected, atol=1.01)

    def test_rotated_box_holds_the_rotated_pixels(self):
        affine = PairRandomAffine(
            prob=0.0, relative_prob=1.0, relative_rotation=8.0, relative_shift=0.0, relative_zoom=0.0
        )
        for seed in range(8):
            item = affine(results(seed))
            for side in ('before', 'after'):
                found = found_box(item[f'img_{side}'], 0)
                assert (item[f'boxes_{side}'][0, :2] <= found[:2] + 1.01).all()
                assert (item[f'boxes_{side}'][0, 2:] >= found[2:] - 1.01).all()
            moved = [not np.array_equal(item[f'boxes_{side}'], BOXES) for side in ('before', 'after')]
            assert sum(moved) == 1

    def test_shared_part_moves_both_alike(self):
        item = PairRandomAffine(prob=1.0, relative_prob=0.0)(results(3))
        np.testing.assert_array_equal(item['img_before'], item['img_after'])
        np.testing.assert_array_equal(item['boxes_before'], item['boxes_after'])
        assert not np.array_equal(item['img_after'], painted())

    def test_change_out_of_view_takes_its_sentences_along(self):
        affine = PairRandomAffine(scale=(2.5, 2.5), translate=0.0, prob=1.0, relative_prob=0.0)
        lost = 0
        for seed in range(30):
            item = affine(results(seed))
            texts = dict(zip(item['query_ids'], item['answers'], strict=True))
            assert 'q2' in texts
            assert ('q0' in texts) == item['valid_after'][0]
            assert ('q1' in texts) == item['valid_after'].all()
            assert (item['boxes_after'][~item['valid_after']] == 0).all()
            assert (item['boxes_after'] >= 0).all()
            assert (item['boxes_after'] <= (120, 100, 120, 100)).all()
            lost += not item['valid_after'].all()
        assert lost > 5

    def test_no_sentence_is_ever_all_lost(self):
        affine = PairRandomAffine(scale=(6, 6), translate=0.5, prob=1.0)
        for seed in range(20):
            item = affine(results(seed, texts=['x'], answers=[[0]], query_ids=['q0'], subsets=['remove']))
            assert item['valid_after'][0]
            assert item['texts'] == ['x']

    def test_invalid_changes_stay_invalid(self):
        item = results(valid_before=np.array([True, False]))
        item['boxes_before'][1] = 0
        assert PairRandomAffine(prob=1.0)(item)['valid_before'][1] == np.False_

    def test_pair_without_change(self):
        none = np.zeros((0, 4), np.float32)
        item = results(
            boxes_before=none,
            boxes_after=none,
            valid_before=np.ones(0, bool),
            valid_after=np.ones(0, bool),
            answers=[[]],
            texts=['x'],
            query_ids=['q'],
            subsets=['none'],
        )
        assert PairRandomAffine(prob=1.0)(item)['boxes_after'].shape == (0, 4)

    def test_unequal_sizes_are_refused(self):
        with pytest.raises(ConfigError, match='PairResize'):
            PairRandomAffine()(results(img_before=painted(60, 50, BOXES / 2)))


class TestPairPhotometric:
    def test_draws_differ_between_the_images_and_follow_the_seed(self):
        grey = np.full((40, 50, 3), 120, np.uint8)
        first, again, other = (
            PairPhotometric(prob=1.0)(results(seed, img_before=grey, img_after=grey)) for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(first['img_after'], again['img_after'])
        assert not np.array_equal(first['img_after'], first['img_before'])
        assert not np.array_equal(first['img_after'], other['img_after'])
        assert first['img_after'].dtype == np.uint8
        np.testing.assert_array_equal(first['boxes_after'], BOXES)

    def test_all_off_changes_nothing(self):
        item = PairPhotometric(prob=0, noise_prob=0, blur_prob=0, jpeg_prob=0)(results())
        np.testing.assert_array_equal(item['img_after'], painted())

    def test_noise_has_no_bias_and_a_limited_spread(self):
        grey = np.full((400, 500, 3), 120, np.uint8)
        item = PairPhotometric(prob=0, noise_prob=1, noise=6.0, blur_prob=0, jpeg_prob=0)(
            results(5, img_before=grey, img_after=grey)
        )
        spread = item['img_after'].astype(float) - 120
        assert abs(spread.mean()) < 0.2
        assert 0.3 < spread.std() < 6.5

    def test_compression_keeps_the_colours(self):
        item = PairPhotometric(prob=0, noise_prob=0, blur_prob=0, jpeg_prob=1, jpeg_quality=(95, 95))(results())
        assert np.abs(item['img_after'].astype(int) - painted()).mean() < 4
        assert not np.array_equal(item['img_after'], painted())

    def test_faulty_share(self):
        with pytest.raises(ConfigError, match='jpeg_prob'):
            PairPhotometric(jpeg_prob=1.5)


class TestPackPairInputs:
    def test_order_of_images_and_channels(self):
        item = results(
            img_before=np.full((4, 6, 3), (1, 2, 3), np.uint8), img_after=np.full((4, 6, 3), (4, 5, 6), np.uint8)
        )
        inputs = PackPairInputs()(item)['inputs']
        assert inputs.shape == (2, 3, 4, 6)
        assert inputs[:, :, 0, 0].tolist() == [[1, 2, 3], [4, 5, 6]]

    def test_pair_without_truth(self):
        item = {name: results()[name] for name in ('img_before', 'img_after', 'texts', 'before_scale')}
        sample = PackPairInputs()(item)['data_samples']
        assert 'gt_changes' not in sample
        assert sample.texts == ['the left one', 'both', 'none']

    def test_unequal_sizes_are_refused(self):
        with pytest.raises(ConfigError, match='PairResize'):
            PackPairInputs()(results(img_before=painted(60, 50, BOXES / 2)))
