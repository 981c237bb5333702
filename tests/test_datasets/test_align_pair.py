"""Taking the camera's motion out of a pair, by known motions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from difftracker.datasets.transforms import AlignPair
from difftracker.errors import ConfigError
from difftracker.utils.warped_boxes import warp_boxes

# Content of 300 x 200 on a canvas of 300 x 300.
TURN = np.array([[0.9986, -0.0523, 14.0], [0.0523, 0.9986, -9.0], [2e-5, 0.0, 1.0]])


def scene(seed=0):
    """A picture of many corners, larger than the canvas."""
    rng = np.random.default_rng(seed)
    image = np.full((300, 420, 3), 120, np.uint8)
    for _ in range(160):
        x, y = rng.integers(0, 400), rng.integers(0, 280)
        w, h = rng.integers(8, 40, 2)
        cv2.rectangle(image, (int(x), int(y)), (int(x + w), int(y + h)), rng.integers(0, 256, 3).tolist(), -1)
    return image


def pair(matrix):
    """Two shots of the scene, a box of which is red in the second; `matrix` maps the first to the second."""
    offset = np.array([[1, 0, -60], [0, 1, -50], [0, 0, 1]], dtype=np.float64)
    whole = scene()
    before = cv2.warpPerspective(whole, offset, (300, 200))
    box = np.array([[120.0, 80.0, 160.0, 120.0]])
    changed = whole.copy()
    changed[130:170, 180:220] = (250, 10, 10)
    after = cv2.warpPerspective(changed, matrix @ offset, (300, 200))
    results = {'boxes_before': box.astype(np.float32), 'boxes_after': warp_boxes(box, matrix).astype(np.float32)}
    for side, image in (('before', before), ('after', after)):
        canvas = np.full((300, 300, 3), 114, np.uint8)
        canvas[:200] = image
        results |= {f'img_{side}': canvas, f'ori_shape_{side}': (400, 600), f'{side}_scale': 0.5}
    return results


def test_a_known_motion_is_found_and_taken_out():
    results = pair(TURN)
    before, after = results['img_before'].copy(), results['img_after'].copy()
    found = AlignPair()(results)
    # Where the shots overlap; the corners are told by extrapolation.
    points = np.array([[60, 50, 1], [240, 50, 1], [240, 150, 1], [60, 150, 1]]) @ np.stack([TURN.T, found['motion'].T])
    true, estimate = points[..., :2] / points[..., 2:]
    assert np.abs(true - estimate).max() < 1
    # What is left is the change; the rest differs by resampling alone.
    x1, y1, x2, y2 = found['boxes_after'][0].astype(int)
    left = np.abs(found['img_before'].astype(int) - after).max(axis=-1)
    assert left[y1 + 4 : y2 - 4, x1 + 4 : x2 - 4].mean() > 60
    left[y1 - 3 : y2 + 3, x1 - 3 : x2 + 3] = 0
    assert left.mean() < 6 < np.abs(before.astype(int) - after).mean()
    # What the before image does not show is taken from the after image, and the padding stays.
    inside = cv2.warpPerspective(np.full((200, 300), 255, np.uint8), TURN, (300, 200))
    unseen = cv2.erode((inside == 0).astype(np.uint8), np.ones((5, 5))) > 0
    assert unseen.sum() > 500
    assert np.array_equal(found['img_before'][:200][unseen], after[:200][unseen])
    assert (found['img_before'][200:] == 114).all() and np.array_equal(found['img_after'], after)
    np.testing.assert_allclose(found['boxes_before'], found['boxes_after'], atol=1)


def test_boxes_by_hand():
    quarter_turn = np.array([[0.0, -1.0, 100.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    # A quarter turn swaps the sides that the corners lie on, so a shift and a zoom show more.
    zoom = np.array([[2.0, 0.0, 5.0], [0.0, 2.0, -3.0], [0.0, 0.0, 1.0]])
    assert warp_boxes(np.array([[10, 20, 30, 50]]), zoom).tolist() == [[25, 37, 65, 97]]
    assert warp_boxes(np.zeros((0, 4)), quarter_turn).shape == (0, 4)
    # A small turn keeps the size; the hull would be 40 * cos + 40 * sin = 42 px wide.
    x1, y1, x2, y2 = warp_boxes(np.array([[100, 80, 140, 120]]), TURN)[0]
    assert x2 - x1 == pytest.approx(40, abs=0.4) and y2 - y1 == pytest.approx(40, abs=0.4)


@pytest.mark.parametrize('case', ['still', 'regions', 'flat', 'other place', 'two shapes'])
def test_pairs_that_are_left_alone(case):
    results = pair(np.eye(3) if case == 'still' else TURN)
    if case == 'regions':
        results['regions'] = np.zeros((0, 4), np.float32)
    if case == 'flat':
        results['img_before'][:], results['img_after'][:] = 90, 120
    if case == 'other place':
        results['img_after'][:200] = scene(seed=7)[:200, :300]
    if case == 'two shapes':
        results['ori_shape_after'] = (400, 590)
    before = results['img_before'].copy()
    found = AlignPair()(results)
    assert 'motion' not in found and np.array_equal(found['img_before'], before)
    assert found['boxes_before'].tolist() == [[120, 80, 160, 120]]


def test_the_same_pair_gives_the_same_motion():
    assert np.array_equal(AlignPair()(pair(TURN))['motion'], AlignPair()(pair(TURN))['motion'])


def test_a_number_out_of_range():
    with pytest.raises(ConfigError, match='features of AlignPair must be at least 1, found 0'):
        AlignPair(features=0)
    with pytest.raises(ConfigError, match=r'prob of AlignPair must lie in \[0, 1\], found 2'):
        AlignPair(prob=2)
