"""Photographs without labels, to paste on."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

from difftracker.errors import AnnotationError
from difftracker.synthesis.sources.picture import Picture
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
        try:
            with open(index_file, newline='', encoding='utf-8-sig') as file:
                if Path(index_file).suffix == '.csv':
                    self.files = [row['file'] for row in csv.DictReader(file) if split is None or row['split'] == split]
                elif split is not None:
                    raise AnnotationError(index_file, f'expected a CSV to tell split {split!r}, found a plain list')
                else:
                    self.files = [line.strip() for line in file if line.strip()]
        except UnicodeDecodeError as error:
            raise AnnotationError(index_file, f'expected UTF-8 text, found {error}') from error
        except (OSError, KeyError, csv.Error) as error:
            raise AnnotationError(index_file, f'expected a list of photographs, found {error!r}') from error
        if not self.files:
            raise AnnotationError(index_file, f'expected at least one photograph of split {split!r}, found none')
        self.picture = lru_cache(maxsize=CACHED_PICTURES)(self._picture)

    def __len__(self) -> int:
        return len(self.files)

    def _picture(self, position: int) -> Picture:
        return Picture(self.files[position], read_image(self.image_root / self.files[position]))
