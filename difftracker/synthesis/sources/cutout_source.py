"""Cut-outs: pictures of single objects with transparency around them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from difftracker.errors import AnnotationError, ImageReadError
from difftracker.synthesis.raster import crop, mask_window
from difftracker.synthesis.sprite import Sprite
from difftracker.utils.file_list import read_file_list
from difftracker.utils.image_io import read_rgba

CACHED_SPRITES = 600
# Nothing is pasted larger than this, and decoding large stamps again and again would cost most of the time.
LONGEST_SIDE = 240


class CutoutSource:
    """Reads RGBA objects with names.

    Args:
        index_file: CSV with the columns `file` (relative to its own folder) and `name`, optionally `split`.
        split: When given, only the rows of this split.

    Raises:
        AnnotationError: The index is missing, not UTF-8, lacks a column or holds no row of the split.
    """

    def __init__(self, index_file: str | Path, split: str | None = None) -> None:
        self.root = Path(index_file).parent
        rows = read_file_list(index_file, ('file', 'name') if split is None else ('file', 'name', 'split'))
        self.items = [(row['file'], row['name']) for row in rows if split is None or row['split'] == split]
        if not self.items:
            raise AnnotationError(index_file, f'expected at least one cut-out of split {split!r}, found none')
        self.load = lru_cache(maxsize=CACHED_SPRITES)(self._load)

    def __len__(self) -> int:
        return len(self.items)

    def _load(self, index: int) -> Sprite:
        """Reads one cut-out, cropped to what is visible.

        Raises:
            ImageReadError: The file cannot be read or is wholly transparent.
        """
        file, name = self.items[index]
        path = self.root / file
        rgba = read_rgba(path)
        visible = rgba[..., 3] > 32
        if not visible.any():
            raise ImageReadError(path, 'expected a visible object, found full transparency')
        part = crop(rgba, mask_window(visible, 1))
        sprite = Sprite(name, part[..., :3].copy(), part[..., 3].astype(np.float32) / 255.0)
        return sprite.resized(LONGEST_SIDE) if sprite.long_side > LONGEST_SIDE else sprite

    def sprite(self, rng: np.random.Generator) -> Sprite:
        """Returns a random cut-out."""
        return self.load(int(rng.integers(len(self.items))))
