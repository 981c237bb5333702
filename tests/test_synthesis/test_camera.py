"""Boxes under camera motion, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from difftracker.synthesis.camera import draw_motion, map_mask_box, warp_image


def _mask(x1: int, y1: int, x2: int, y2: int, shape: tuple[int, int] = (100, 200)) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[y1:y2, x1:x2] = True
    return mask


def test_a_still_camera_keeps_the_box() -> None:
    assert map_mask_box(_mask(10, 20, 40, 50), np.eye(3), 200, 100) == (10.0, 20.0, 40.0, 50.0)


def test_shift_and_zoom_map_the_pixels_outer_edges() -> None:
    # x' = 2x + 5, y' = 2y - 8: the edges 10 and 40 go to 25 and 85, the edges 20 and 50 to 32 and 92.
    motion = np.array([[2.0, 0, 5], [0, 2, -8], [0, 0, 1]])
    assert map_mask_box(_mask(10, 20, 40, 50), motion, 200, 100) == (25.0, 32.0, 85.0, 92.0)


def test_a_quarter_turn_swaps_the_sides() -> None:
    # (x, y) -> (100 - y, x).
    motion = np.array([[0.0, -1, 100], [1, 0, 0], [0, 0, 1]])
    assert map_mask_box(_mask(10, 20, 40, 50), motion, 200, 100) == (50.0, 10.0, 80.0, 40.0)


def test_perspective_divides_by_the_third_coordinate() -> None:
    # w = 1 + x / 100: the corner (10, 20) goes to (9.09, 18.18), (40, 50) to (28.57, 35.71), (10, 50) to (9.09, 45.45).
    motion = np.array([[1.0, 0, 0], [0, 1, 0], [0.01, 0, 1]])
    expected = (10 / 1.1, 20 / 1.4, 40 / 1.4, 50 / 1.1)
    assert map_mask_box(_mask(10, 20, 40, 50), motion, 200, 100) == pytest.approx(expected, abs=0.006)


def test_the_mask_decides_and_not_its_box() -> None:
    # A diamond turned by 45 degrees has a smaller box than its turned box.
    rows, cols = np.mgrid[0:100, 0:200]
    diamond = np.abs(cols - 100) + np.abs(rows - 50) <= 30
    turn = np.sqrt(0.5) * np.array([[1.0, -1, 0], [1, 1, 0], [0, 0, 0]])
    turn[2, 2] = 1.0
    back = np.array([[1.0, 0, 100.5], [0, 1, 50.5], [0, 0, 1]])
    there = np.array([[1.0, 0, -100.5], [0, 1, -50.5], [0, 0, 1]])
    box = map_mask_box(diamond, back @ turn @ there, 200, 100)
    assert box is not None
    assert box[2] - box[0] == pytest.approx(61 / np.sqrt(2), abs=1.5)


def test_a_box_is_clipped_and_vanishes_when_little_is_in_view() -> None:
    shift = np.array([[1.0, 0, -25], [0, 1, 0], [0, 0, 1]])
    assert map_mask_box(_mask(10, 20, 40, 50), shift, 200, 100) == (0.0, 20.0, 15.0, 50.0)
    shift[0, 2] = -32
    assert map_mask_box(_mask(10, 20, 40, 50), shift, 200, 100) is None


def test_the_picture_moves_as_its_boxes_do() -> None:
    rng = np.random.default_rng(3)
    mask = _mask(60, 30, 110, 70)
    image = np.repeat(np.where(mask, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    for _ in range(10):
        motion = draw_motion(rng, 200, 100, 1.0, 1.03)
        rows, cols = np.nonzero(warp_image(image, motion)[..., 0] > 127)
        seen = (cols.min(), rows.min(), cols.max() + 1, rows.max() + 1)
        assert map_mask_box(mask, motion, 200, 100) == pytest.approx(seen, abs=1.0)


def test_a_hand_moves_the_picture_by_a_few_percent_at_most() -> None:
    rng = np.random.default_rng(0)
    corners = np.array([[0, 0, 1], [384, 0, 1], [0, 288, 1], [384, 288, 1.0]])
    for _ in range(50):
        moved = corners @ draw_motion(rng, 384, 288).T
        moved = moved[:, :2] / moved[:, 2:]
        assert np.abs(moved - corners[:, :2]).max() < 0.065 * 384
