"""Regions of differing pixels, against boxes painted by hand."""

from __future__ import annotations

import numpy as np

from difftracker.utils.differing_regions import differing_regions


def pair(*boxes: tuple[int, int, int, int], by: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """A grey picture, and its copy with brighter boxes."""
    before = np.full((60, 90, 3), 20, np.uint8)
    after = before.copy()
    for x1, y1, x2, y2 in boxes:
        after[y1:y2, x1:x2, 1] = 20 + by
    return before, after


def test_boxes_of_what_differs_the_largest_first() -> None:
    small, large = (5, 6, 9, 8), (40, 20, 70, 50)
    for images in (pair(small, large), pair(small, large)[::-1]):
        found = differing_regions(*images, threshold=24, reach=2)
        assert found.dtype == np.float32
        assert found.tolist() == [list(large), list(small)]


def test_faint_differences_do_not_count() -> None:
    assert len(differing_regions(*pair((5, 6, 9, 8), by=24), threshold=24, reach=2)) == 0
    assert len(differing_regions(*pair((5, 6, 9, 8), by=25), threshold=24, reach=2)) == 1
    assert differing_regions(*pair(), threshold=24, reach=2).shape == (0, 4)


def test_near_pieces_are_one_region() -> None:
    letters = pair((10, 10, 14, 16), (20, 10, 24, 16))
    assert differing_regions(*letters, threshold=24, reach=3).tolist() == [[10, 10, 24, 16]]
    assert len(differing_regions(*letters, threshold=24, reach=2)) == 2


def test_what_lies_inside_a_frame_belongs_to_it() -> None:
    frame = ((10, 10, 60, 12), (10, 48, 60, 50), (10, 10, 12, 50), (58, 10, 60, 50))
    # The dot lies 15 pixels from the frame; the one that overlaps its box joins only through it.
    found = differing_regions(*pair(*frame, (30, 28, 34, 32), (80, 5, 84, 9)), threshold=24, reach=2)
    assert found.tolist() == [[10, 10, 60, 50], [80, 5, 84, 9]]


def test_what_one_picture_lacks_is_compared_with_nothing() -> None:
    before, after = pair((5, 6, 9, 8), (40, 20, 70, 50))
    assert differing_regions(before[:15], after, threshold=24, reach=2).tolist() == [[5, 6, 9, 8]]
    assert differing_regions(before, after[:40, :60], threshold=24, reach=2).tolist() == [
        [40, 20, 60, 40],
        [5, 6, 9, 8],
    ]


def test_what_is_scattered_makes_no_regions() -> None:
    frame = pair((10, 10, 60, 11), (10, 10, 11, 50))
    assert differing_regions(*frame, threshold=24, reach=2, least_fill=0.04).tolist() == [[10, 10, 60, 50]]
    # 89 of 2000 pixels.
    assert len(differing_regions(*frame, threshold=24, reach=2, least_fill=0.05)) == 0


def test_a_thin_outline_in_one_place_is_a_region() -> None:
    frame = pair((10, 10, 60, 11), (10, 10, 11, 50))
    share = 2000 / frame[0][..., 0].size
    assert len(differing_regions(*frame, threshold=24, reach=2, least_fill=0.05, most_cover=share + 1e-6)) == 1
    assert len(differing_regions(*frame, threshold=24, reach=2, least_fill=0.05, most_cover=share - 1e-6)) == 0


def test_thousands_of_places() -> None:
    before = np.zeros((600, 600, 3), np.uint8)
    after = before.copy()
    after[::4, ::4] = 255
    found = differing_regions(before, after, threshold=24, reach=0)
    assert len(found) == 150 * 150
    assert differing_regions(before, after, threshold=24, reach=2).tolist() == [[0, 0, 597, 597]]
