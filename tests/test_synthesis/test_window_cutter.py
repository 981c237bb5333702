"""Windows cut out of annotated pairs."""

from __future__ import annotations

import numpy as np
import pytest

from difftracker.structures import Change, PairRecord
from difftracker.synthesis.window_cutter import Window, WindowCutter, clip_box


def make_record(boxes: list[tuple[float, float, float, float]], size: tuple[int, int] = (1000, 600)) -> PairRecord:
    changes = tuple(Change(index, 'appearance', box, box) for index, box in enumerate(boxes))
    return PairRecord('p', 'a.png', 'b.png', size, size, changes, ())


def visible_share(box: tuple[float, float, float, float], window: Window) -> float:
    """Counts pixels: a check of the arithmetic by other means."""
    grid = np.zeros((700, 1100), dtype=bool)
    x1, y1, x2, y2 = map(int, box)
    grid[y1:y2, x1:x2] = True
    return float(grid[window.top : window.bottom, window.left : window.right].sum() / grid.sum())


def test_changes_are_in_view_or_out_of_it_and_boxes_keep_their_pixels() -> None:
    boxes = [(100, 100, 140, 120), (300, 110, 330, 160), (700, 400, 720, 440)]
    record = make_record(boxes)
    cutter = WindowCutter((160, 320), empty=0)
    rng = np.random.default_rng(0)
    for _ in range(200):
        window, part = cutter.draw(record, rng)
        assert 0 <= window.left < window.right <= 1000 and 0 <= window.top < window.bottom <= 600
        assert part.after_size == (window.right - window.left, window.bottom - window.top)
        assert part.changes, 'a window that is not to be empty shows a change'
        shown = {change.change_id for change in part.changes}
        for index, box in enumerate(boxes):
            share = visible_share(box, window)
            assert share >= 0.5 if index in shown else share <= 0.03
        for change in part.changes:
            moved = np.array(change.after_box) + np.array([window.left, window.top] * 2)
            original = np.array(boxes[change.change_id], dtype=float)
            bounds = np.array([window.left, window.top, window.right, window.bottom])
            inside = np.concatenate([np.maximum(original[:2], bounds[:2]), np.minimum(original[2:], bounds[2:])])
            np.testing.assert_allclose(moved, inside)


def test_part_of_a_row_wider_than_any_window_is_a_change() -> None:
    record = make_record([(0, 300, 1000, 320)])
    window, part = WindowCutter((200, 200), empty=0).draw(record, np.random.default_rng(1))
    box = part.changes[0].after_box
    assert (box[0], box[2]) == (0, 200)
    assert box[3] - box[1] >= 10


def test_window_of_a_small_picture_is_the_picture() -> None:
    window, part = WindowCutter((240, 480)).draw(make_record([(10, 10, 60, 60)], (100, 80)), np.random.default_rng(2))
    assert window == (0, 0, 100, 80)
    assert part.changes[0].after_box == (10, 10, 60, 60)


def test_a_thing_that_left_the_window_is_unclear() -> None:
    change = Change(0, 'move', (10, 10, 50, 50), (500, 300, 540, 340))
    record = PairRecord('p', 'a.png', 'b.png', (1000, 600), (1000, 600), (change,), ())
    cutter = WindowCutter((100, 100), empty=0)
    assert cutter.draw(record, np.random.default_rng(4)) is None


def test_clip_box() -> None:
    assert clip_box((5, 5, 30, 40), Window(10, 10, 20, 100)) == (0, 0, 10, 30)


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match='sizes'):
        WindowCutter((300, 200))
    with pytest.raises(ValueError, match='empty'):
        WindowCutter(empty=1.5)
