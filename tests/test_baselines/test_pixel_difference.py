"""The classical baseline, on pictures whose truth is known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from difftracker.baselines import PixelDifference
from difftracker.baselines.alignment import align_images, match_light
from difftracker.evaluation.box_matching import pairwise_iou


def scene(seed=0, width=240, height=180):
    """A cluttered picture: smooth ground with rectangles, and fine grain."""
    rng = np.random.default_rng(seed)
    ground = cv2.resize(rng.integers(60, 200, (5, 6, 3)).astype(np.float32), (width, height))
    for _ in range(40):
        x, y = rng.integers(0, width), rng.integers(0, height)
        w, h = rng.integers(6, 40, 2)
        ground[y : y + h, x : x + w] = rng.integers(20, 235, 3)
    return np.clip(cv2.GaussianBlur(ground, (0, 0), 0.8) + rng.normal(0, 1.5, ground.shape), 0, 255).astype(np.uint8)


def with_change(image, box, colour=(250, 20, 220)):
    x1, y1, x2, y2 = box
    changed = image.copy()
    changed[y1:y2, x1:x2] = colour
    return changed


def shaken(image, degrees=1.5, zoom=1.01, shift=(4.0, -3.0)):
    matrix = cv2.getRotationMatrix2D((image.shape[1] / 2, image.shape[0] / 2), degrees, zoom)
    matrix[:, 2] += shift
    return cv2.warpAffine(image, matrix, (image.shape[1], image.shape[0]), borderMode=cv2.BORDER_REFLECT)


BOX = (90, 60, 130, 100)


def overlap(boxes, truth=BOX):
    return pairwise_iou(boxes[:1], np.array([truth]))[0, 0] if len(boxes) else 0.0


@pytest.mark.parametrize('align', [True, False])
def test_identical_pictures_show_no_change(align):
    boxes, scores = PixelDifference(align=align)(scene(), scene())
    assert boxes.shape == (0, 4)
    assert scores.shape == (0,)


@pytest.mark.parametrize('align', [True, False])
def test_change_on_an_aligned_pair(align):
    boxes, scores = PixelDifference(align=align)(scene(), with_change(scene(), BOX))
    assert overlap(boxes) > 0.8
    assert scores[0] > 0.9


def test_larger_difference_comes_first():
    other = (10, 10, 30, 30)
    boxes, scores = PixelDifference()(scene(), with_change(with_change(scene(), BOX), other))
    assert overlap(boxes) > 0.8
    assert overlap(boxes[1:], other) > 0.7
    assert (np.diff(scores) <= 0).all()
    assert scores.sum() <= 1 + 1e-9


def test_other_light_is_no_change():
    dim = np.clip(scene() * np.array([0.8, 0.75, 0.7]) + 12, 0, 255).astype(np.uint8)
    assert len(PixelDifference()(scene(), dim)[0]) == 0
    assert overlap(PixelDifference()(scene(), with_change(dim, BOX))[0]) > 0.8


def test_a_moved_camera_is_no_change_once_aligned():
    before = shaken(scene())
    after = with_change(scene(), BOX)
    assert len(PixelDifference(align=False)(before, after)[0]) > 3
    boxes, _ = PixelDifference(align=True)(before, after)
    assert len(boxes) == 1
    assert overlap(boxes) > 0.8


def test_boxes_are_in_pixels_of_the_after_image():
    after = with_change(scene(), BOX)
    before = cv2.resize(scene(), (480, 360), interpolation=cv2.INTER_CUBIC)
    assert overlap(PixelDifference()(before, after)[0]) > 0.7


def test_same_pair_same_answer():
    first, second = (PixelDifference()(shaken(scene()), with_change(scene(), BOX)) for _ in range(2))
    np.testing.assert_array_equal(first[0], second[0])


@pytest.mark.parametrize('shape', [(1, 1, 3), (1, 50, 3), (8, 8, 3)])
def test_tiny_and_flat_pictures(shape):
    flat = np.full(shape, 90, np.uint8)
    assert len(PixelDifference()(flat, flat)[0]) == 0
    PixelDifference()(flat, flat + 100)


def test_alignment_leaves_an_aligned_pair_alone():
    aligned, inside = align_images(scene(), with_change(scene(), BOX))
    np.testing.assert_array_equal(aligned, scene())
    assert inside is None


def test_alignment_undoes_the_motion():
    aligned, inside = align_images(shaken(scene()), scene())
    error = np.abs(aligned.astype(float) - scene()).mean(axis=2)[inside].mean()
    assert error < 0.5 * np.abs(shaken(scene()).astype(float) - scene()).mean()


def test_unrelated_pictures_are_not_forced_together():
    _, inside = align_images(scene(1), scene(2))
    assert inside is None or inside.mean() > 0.5


def test_small_things_count_where_the_set_says_so():
    """Five pixels square, seven once smoothed, are less than two in ten thousand of a picture of this size."""
    ground = np.full((480, 640, 3), 200, np.uint8)
    box = (300, 200, 305, 205)
    changed = with_change(ground, box, (20, 20, 20))
    assert len(PixelDifference(align=False)(ground, changed)[0]) == 0
    boxes, _ = PixelDifference(align=False, min_area=5e-5)(ground, changed)
    assert len(boxes) == 1 and overlap(boxes, box) > 0.4


def test_margin_grows_boxes_up_to_the_border():
    after = with_change(scene(), (0, 60, 40, 100))
    tight, loose = (PixelDifference(align=False, margin=margin)(scene(), after)[0][0] for margin in (0.0, 0.02))
    assert loose == pytest.approx([0, tight[1] - 6, tight[2] + 6, tight[3] + 6])


def test_light_is_fitted_past_a_change():
    dim = (scene() * 0.7 + 10).astype(np.uint8)
    fitted = match_light(scene(), with_change(dim, (0, 0, 80, 90)), None)
    assert np.abs(fitted.astype(int) - dim).max() <= 4
