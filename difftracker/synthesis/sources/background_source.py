"""Photographs without labels, to paste on."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from difftracker.errors import AnnotationError
from difftracker.synthesis.sources.picture import Picture
from difftracker.utils.file_list import read_file_list
from difftracker.utils.image_io import read_image

CACHED_PICTURES = 300


class BackgroundSource:
    """Reads photographs named by a list.

    Args:
        index_file: A CSV with a column `file` and, where `split` is used, a column `split`; or a text file with one
            path a line.
        image_root: Folder that the paths are relative to.
        split: When given, only the rows of this split.

    Raises:
        AnnotationError: The list is missing, not UTF-8, lacks a column or holds no row of the split.
    """

    def __init__(self, index_file: str | Path, image_root: str | Path, split: str | None = None) -> None:
        self.image_root = Path(image_root)
        rows = read_file_list(index_file, ('file',) if split is None else ('file', 'split'))
        self.files = [row['file'] for row in rows if split is None or row['split'] == split]
        if not self.files:
            raise AnnotationError(index_file, f'expected at least one photograph of split {split!r}, found none')
        self.picture = lru_cache(maxsize=CACHED_PICTURES)(self._picture)

    def __len__(self) -> int:
        return len(self.files)

    def _picture(self, position: int) -> Picture:
        return Picture(self.files[position], read_image(self.image_root / self.files[position]))
