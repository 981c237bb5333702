"""Small pictures and masks for made-up data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

EXIF_ORIENTATION = 0x0112


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    """A smooth random picture, `(height, width, 3)` uint8: structure to align on, and the same bytes everywhere."""
    coarse = np.random.default_rng(seed).integers(40, 216, (height // 8 + 2, width // 8 + 2, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def painted(
    image: np.ndarray, box: tuple[int, int, int, int], colour: tuple[int, int, int] = (255, 0, 0)
) -> np.ndarray:
    """The picture with a filled rectangle."""
    x1, y1, x2, y2 = box
    changed = image.copy()
    changed[y1:y2, x1:x2] = colour
    return changed


def save(path: Path, image: np.ndarray, orientation: int | None = None) -> Path:
    """Writes a picture; `orientation` is the EXIF code that it says of itself."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options: dict = {'quality': 95} if path.suffix == '.jpg' else {}
    if orientation is not None:
        exif = Image.Exif()
        exif[EXIF_ORIENTATION] = orientation
        options['exif'] = exif
    Image.fromarray(image).save(path, **options)
    return path


def mask(width: int, height: int, *boxes: tuple[int, int, int, int], value: int = 255) -> np.ndarray:
    """A mask, `(height, width)` uint8, that marks rectangles."""
    marked = np.zeros((height, width), np.uint8)
    for x1, y1, x2, y2 in boxes:
        marked[y1:y2, x1:x2] = value
    return marked
