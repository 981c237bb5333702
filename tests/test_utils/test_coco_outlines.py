"""Outlines of COCO objects."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from difftracker.utils.coco_outlines import outline_mask


def test_all_forms_give_the_same_mask() -> None:
    mask = np.zeros((12, 20), bool)
    mask[2:8, 5:15] = True
    polygon = [[5, 2, 15, 2, 15, 8, 5, 8]]
    compressed = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    counts = np.diff(np.flatnonzero(np.diff(np.concatenate([[2], mask.T.ravel(), [2]])))).tolist()
    for outline in (polygon, [*polygon, [1, 1, 3, 3]], compressed, {'size': [12, 20], 'counts': counts}):
        found = outline_mask(outline, 12, 20)
        assert found.dtype == bool
        np.testing.assert_array_equal(found, mask)


def test_polygons_join() -> None:
    found = outline_mask([[0, 0, 4, 0, 4, 4, 0, 4], [6, 0, 9, 0, 9, 4, 6, 4]], 6, 10)
    wanted = np.zeros((6, 10), bool)
    wanted[:4, :4] = wanted[:4, 6:9] = True
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize(
    ('outline', 'found'),
    [
        (None, 'None'),
        ({'size': [6, 10]}, "'counts'"),
        ([['a', 'b', 'c', 'd', 'e', 'f']], "'a'"),
        ({'size': [6, 10], 'counts': 7}, 'counts'),
        (coco_mask.encode(np.zeros((10, 6), np.uint8, order='F')), 'run lengths of 6 x 10 px'),
    ],
)
def test_what_is_no_outline_is_refused(outline: object, found: str) -> None:
    with pytest.raises(ValueError, match=rf'an object in 10 x 6 px, as polygons or run lengths, found .*{found}'):
        outline_mask(outline, 6, 10)


@pytest.mark.parametrize('outline', [[], [[]], [[1, 2, 3, 4]]])
def test_no_area_is_an_empty_mask(outline: list) -> None:
    assert outline_mask(outline, 6, 10).shape == (6, 10) and not outline_mask(outline, 6, 10).any()
