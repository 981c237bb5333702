"""Reading the pictures that mark what changed."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from difftracker.errors import ImageReadError
from difftracker.utils.image_io import FORMATS, MAX_PIXELS


def read_mask(path: Path) -> np.ndarray:
    """Reads a mask as it is stored, without turning and without colours.

    Args:
        path: PNG, JPEG, WebP, BMP or TIFF.

    Returns:
        `(H, W)` int32: grey values, or indices into the palette, or the largest channel of a colour picture.

    Raises:
        ImageReadError: The file is missing or cannot be decoded.
    """
    if not path.is_file():
        raise ImageReadError(path, 'expected a mask, found no such file')
    image = _open(path.read_bytes(), str(path))
    if image.mode in ('RGBA', 'LA', 'CMYK', 'YCbCr', 'PA'):
        image = image.convert('RGB')
    values = np.asarray(image).astype(np.int32)
    return values if values.ndim == 2 else values.max(axis=2)


def is_marked(values: np.ndarray) -> np.ndarray:
    """Tells what a two-valued mask marks.

    Args:
        values: `(H, W)` grey values: 0 and 1, or 0 and 255; between them what JPEG makes of such a mask.

    Returns:
        `(H, W)` bool.
    """
    return values > (127 if values.max(initial=0) > 1 else 0)


def read_transparency(data: bytes, name: str) -> np.ndarray:
    """Reads where a picture is transparent.

    Args:
        data: The bytes of an image file.
        name: The file, for the error.

    Returns:
        `(H, W)` bool, True where more is transparent than opaque.

    Raises:
        ImageReadError: The file cannot be decoded or has no transparency.
    """
    image = _open(data, name)
    if not image.has_transparency_data:
        reason = f'expected a mask whose transparent part marks the edit, found an opaque picture ({image.mode})'
        raise ImageReadError(name, reason)
    return np.asarray(image.convert('RGBA'))[:, :, 3] < 128


def _open(data: bytes, name: str) -> Image.Image:
    with warnings.catch_warnings():
        # As in `image_io`: the limit is ours, and what else Pillow warns of ends in an error.
        warnings.simplefilter('ignore')
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise ImageReadError(
                    name, f'expected at most {MAX_PIXELS} pixels, found {image.width} x {image.height}'
                )
            image.load()
        except ImageReadError:
            raise
        except Exception as error:  # a decoder fed with damaged bytes raises almost anything
            raise ImageReadError(name, f'expected a whole mask, found other or damaged content ({error})') from error
    return image
