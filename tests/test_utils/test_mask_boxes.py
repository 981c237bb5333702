"""Pieces of masks get the boxes that a flood fill by hand gives them."""

from __future__ import annotations

import numpy as np
import pytest

from difftracker.utils.mask_boxes import boxes_of_mask
from tests.test_converters.small_pictures import mask


def flood(marked: np.ndarray, neighbours: int = 8) -> list[set[tuple[int, int]]]:
    """Connected pieces, pixel by pixel."""
    steps = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1) if neighbours == 8 or dy == 0 or dx == 0]
    left = {(int(y), int(x)) for y, x in np.argwhere(marked)}
    pieces = []
    while left:
        piece, front = set(), [min(left)]
        while front:
            y, x = front.pop()
            if (y, x) in left:
                left.remove((y, x))
                piece.add((y, x))
                front += [(y + dy, x + dx) for dy, dx in steps]
        pieces.append(piece)
    return pieces


@pytest.mark.parametrize('neighbours', [4, 8])
@pytest.mark.parametrize('seed', range(5))
def test_pieces_agree_with_a_flood_fill(seed: int, neighbours: int) -> None:
    marked = np.random.default_rng(seed).random((24, 31)) < 0.2
    expected = sorted(
        (min(x for _, x in piece), min(y for y, _ in piece), max(x for _, x in piece) + 1, max(y for y, _ in piece) + 1)
        for piece in flood(marked, neighbours)
        if len(piece) >= 3
    )
    assert sorted(boxes_of_mask(marked, 3, neighbours=neighbours)) == expected


def test_near_pieces_are_joined_and_boxes_stay_tight() -> None:
    marked = mask(60, 40, (5, 5, 10, 10), (16, 5, 20, 10), (40, 30, 50, 35)) > 0
    assert boxes_of_mask(marked) == [(5, 5, 10, 10), (16, 5, 20, 10), (40, 30, 50, 35)]
    # Six empty columns lie between the first two.
    assert boxes_of_mask(marked, reach=2) == boxes_of_mask(marked)
    assert boxes_of_mask(marked, reach=3) == [(5, 5, 20, 10), (40, 30, 50, 35)]
    # The area counts pixels of the mask, not of the mask grown.
    assert boxes_of_mask(marked, 46, reach=3) == [(40, 30, 50, 35)]
    assert boxes_of_mask(np.zeros((4, 4), bool)) == []
