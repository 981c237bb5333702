"""Kubric-Change: rendered scenes with a change mask for each view."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from difftracker.errors import AnnotationError
from difftracker.structures import Box, Change
from difftracker.utils.mask_boxes import boxes_of_mask

from .boxes import box_in
from .converted_pair import ConvertedPair
from .converter import UNKNOWN_KIND, Converter
from .masks import read_mask

# A small camera motion moves no place by more than this share of the picture's diagonal; our choice.
MAX_MOTION = 0.2
_FIRST_VIEW = re.compile(r'(\d+)_0\.png')


class KubricChange(Converter):
    """Reads Kubric-Change of The Change You Want to See (Sachdeva and Zisserman, WACV 2023).

    `<index>_0.png` and `<index>_1.png` are the views, `mask_<index>_00000.png` and `mask_<index>_00001.png` their
    masks. Each connected piece of a mask is the place of a change, as in the set's own loader. That loader never says
    which piece of one view belongs to which of the other; here the nearest are paired (least sum of distances between
    centres). A piece without partner is a change that the other view does not show.

    Args:
        root: The folder of all these files.
    """

    NAME: ClassVar[str] = 'kubric-change'
    SUMMARY: ClassVar[str] = 'CYWS Kubric-Change, rendered scenes: <index>_0.png, mask_<index>_00000.png, ...'
    SOURCE: ClassVar[str] = 'Kubric-Change'
    LICENSE: ClassVar[str] = 'not stated'
    HAS_SENTENCES: ClassVar[bool] = False

    def splits(self) -> Sequence[str]:
        """Returns `test`, the only split."""
        return ['test']

    def items(self, split: str) -> Sequence[tuple[str, str]]:
        """Returns the index of each pair."""
        matches = (_FIRST_VIEW.fullmatch(path.name) for path in sorted(self.root.iterdir()))
        found = [(f'kubric-{match[1]}', match[1]) for match in matches if match]
        if not found:
            raise AnnotationError(self.root, 'expected files <index>_0.png, found none')
        return found

    def convert(self, pair_id: str, item: str) -> ConvertedPair:
        """Converts one scene."""
        pictures, places = [], []
        for view in (0, 1):
            picture = self.picture(self.root / f'{item}_{view}.png')
            mask_path = self.root / f'mask_{item}_{view:05d}.png'
            mask = read_mask(mask_path) > 0
            frame = (mask.shape[1], mask.shape[0])
            pictures.append(picture)
            places.append([box_in(picture, box, str(mask_path), frame) for box in boxes_of_mask(mask, neighbours=4)])
        if not places[0] and not places[1]:
            raise AnnotationError(self.root / f'mask_{item}_00000.png', 'expected a mask with a mark, found none')
        changes = [
            Change(number, UNKNOWN_KIND, before, after)
            for number, (before, after) in enumerate(pair_places(*places, float(np.hypot(*pictures[0].size))))
        ]
        return ConvertedPair(*pictures, tuple(changes))


def pair_places(first: list[Box], second: list[Box], diagonal: float) -> list[tuple[Box | None, Box | None]]:
    """Pairs the boxes of two views by the distance of their centres.

    Args:
        first, second: Boxes in pixels of each view.
        diagonal: Diagonal of a view in pixels.

    Returns:
        The pairs, in the order of `first`, then what `second` has left; None stands where a box has no partner.
    """
    limit = MAX_MOTION * diagonal
    centres = [np.array(boxes, dtype=float).reshape(-1, 2, 2).mean(axis=1) for boxes in (first, second)]
    distance = np.linalg.norm(centres[0][:, None] - centres[1][None], axis=2)
    # Two boxes too far apart cost as much as leaving both alone, so that none is drawn to a place that is not its own.
    rows, columns = linear_sum_assignment(np.minimum(distance, limit))
    partner = {row: column for row, column in zip(rows, columns) if distance[row, column] < limit}
    taken = set(partner.values())
    paired = [(box, second[partner[row]] if row in partner else None) for row, box in enumerate(first)]
    return [*paired, *((None, box) for column, box in enumerate(second) if column not in taken)]
