"""Pairs of screenshots with known changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from difftracker.datasets.annotations import read_annotations
from difftracker.errors import AnnotationError
from difftracker.structures import PairRecord
from difftracker.utils.image_io import read_image

CACHED_PAIRS = 60


@dataclass(frozen=True)
class ScreenPair:
    """A pair of screenshots of one size whose boxes are the same in both.

    Attributes:
        record: Its annotation.
        before, after: `(H, W, 3)` uint8.
    """

    record: PairRecord
    before: np.ndarray
    after: np.ndarray


class ScreenSource:
    """Reads annotated pairs of screenshots; pairs of unequal sizes, or whose boxes move, are passed over.

    Args:
        annotation_file: File in the annotation format.
        root: Folder that its paths are relative to.

    Raises:
        AnnotationError: The file breaks the format or holds no usable pair.
    """

    def __init__(self, annotation_file: str | Path, root: str | Path) -> None:
        self.root = Path(root)
        self.records = [
            record
            for record in read_annotations(annotation_file)
            if record.before_size == record.after_size
            and record.changes
            and all(change.before_box == change.after_box for change in record.changes)
        ]
        if not self.records:
            raise AnnotationError(annotation_file, 'expected a pair of equal sizes with changes in place, found none')
        self.pair = lru_cache(maxsize=CACHED_PAIRS)(self._pair)

    def __len__(self) -> int:
        return len(self.records)

    def _pair(self, position: int) -> ScreenPair:
        record = self.records[position]
        return ScreenPair(record, read_image(self.root / record.before), read_image(self.root / record.after))
