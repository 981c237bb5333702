"""VIRAT-STD: boxes for pairs of surveillance frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from difftracker.errors import AnnotationError
from difftracker.structures import Change

from .boxes import box_in
from .converted_pair import ConvertedPair
from .converter import UNKNOWN_KIND, Converter
from .plain_pickle import read_object_array


class ViratStd(Converter):
    """Reads VIRAT-STD of The Change You Want to See (Sachdeva and Zisserman, WACV 2023).

    `annotations.npy` maps the ids of Spot-the-Diff pairs (Jhamtani and Berg-Kirkpatrick, 2018) to boxes of two corners,
    the same for both images; the images `<id>.png` and `<id>_2.png` are those of Spot-the-Diff.

    Args:
        root: The folder that holds `annotations.npy` and the images.
    """

    NAME: ClassVar[str] = 'virat-std'
    SUMMARY: ClassVar[str] = 'CYWS VIRAT-STD, surveillance frames: annotations.npy, <id>.png, <id>_2.png'
    SOURCE: ClassVar[str] = 'VIRAT-STD'
    LICENSE: ClassVar[str] = 'not stated; frames of the VIRAT video data set'
    HAS_SENTENCES: ClassVar[bool] = False

    def splits(self) -> Sequence[str]:
        """Returns `test`, the only split."""
        return ['test']

    def items(self, split: str) -> Sequence[tuple[str, tuple[str, Any]]]:
        """Returns the boxes of each pair."""
        path = self.root / 'annotations.npy'
        annotations = read_object_array(path)
        if not isinstance(annotations, dict):
            raise AnnotationError(path, f'expected boxes by pair id, found {type(annotations).__name__}')
        return [(f'virat-std-{name}', (str(name), boxes)) for name, boxes in annotations.items()]

    def convert(self, pair_id: str, item: tuple[str, Any]) -> ConvertedPair:
        """Converts one pair."""
        name, boxes = item
        where = f'{self.root / "annotations.npy"}: pair {name}'
        before, after = (self.picture(self.file(f'{name}{end}.png', where)) for end in ('', '_2'))
        if not isinstance(boxes, list):
            raise AnnotationError(where, f'expected a list of boxes, found {boxes!r}')
        changes = tuple(
            Change(number, UNKNOWN_KIND, box_in(before, box, where), box_in(after, box, where))
            for number, box in enumerate(boxes)
        )
        return ConvertedPair(before, after, changes)
