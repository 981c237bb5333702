"""The one place where pictures enter and leave the toolkit.

Whatever the file holds, the rest of the code sees RGB uint8 arrays `(H, W, 3)`, upright; cut-outs, whose transparency
counts, are RGBA. The format is told from the content, not from the name, and only still pictures of five well-tested
formats are let in.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from difftracker.errors import ImageReadError
from difftracker.utils.files import atomic_write

FORMATS = ('PNG', 'JPEG', 'WEBP', 'BMP', 'TIFF')
MAX_PIXELS = 100_000_000

_EXIF_ORIENTATION = 0x0112
# EXIF orientation code -> what makes the picture upright; every other code, 1 included, means upright already.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_WRITE_OPTIONS = {
    '.jpg': {'format': 'JPEG', 'quality': 95},
    '.jpeg': {'format': 'JPEG', 'quality': 95},
    '.png': {'format': 'PNG'},
    '.webp': {'format': 'WEBP', 'quality': 95},
}


def read_image(path: str | Path, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Reads a still picture as upright RGB.

    EXIF orientation is applied. Grey becomes three equal channels, transparency is laid on white, 16-bit samples keep
    their high byte (grey ones that are all below 4096, as of a 12-bit camera, the upper 8 of 12 bits), CMYK and
    palettes are converted.

    Args:
        path: A PNG, JPEG, WebP, BMP or TIFF file, told by its content whatever its name.
        max_pixels: Largest width times height that is decoded; beyond it the file is refused from its header alone.

    Returns:
        `(H, W, 3)` uint8, RGB.

    Raises:
        ImageReadError: The file is missing, empty, truncated, damaged, of another format, animated or too large.
    """
    return _read(Path(path), max_pixels, _to_rgb)


def read_rgba(path: str | Path, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Reads a still picture with its transparency, under the checks of `read_image`.

    EXIF orientation is applied. A picture without transparency is opaque; colours and samples are converted as in
    `read_image`, but nothing is laid on white.

    Args:
        path: As for `read_image`.
        max_pixels: As for `read_image`.

    Returns:
        `(H, W, 4)` uint8, RGBA, not premultiplied.

    Raises:
        ImageReadError: As `read_image`.
    """
    return _read(Path(path), max_pixels, _to_rgba)


def decode_image(data: bytes, name: str | Path, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decodes the content of an image file as `read_image` does.

    Args:
        data: The file's bytes.
        name: The file or argument that they come from, for the error.
        max_pixels: Largest width times height that is decoded.

    Returns:
        `(H, W, 3)` uint8, RGB, upright.

    Raises:
        ImageReadError: As `read_image`.
    """
    return _decode(io.BytesIO(data), name, max_pixels, _to_rgb)


def write_image(path: str | Path, image: np.ndarray) -> Path:
    """Writes a picture atomically in the format that the suffix names.

    Args:
        path: Ends with `.jpg`, `.jpeg` (quality 95), `.png` or `.webp` (quality 95).
        image: `(H, W, 3)` uint8, RGB.

    Returns:
        The path written.

    Raises:
        ValueError: The suffix is another one, or the array is not RGB uint8.
    """
    path = Path(path)
    options = _WRITE_OPTIONS.get(path.suffix.lower())
    if options is None:
        raise ValueError(f'{path}: expected a suffix of {", ".join(_WRITE_OPTIONS)}, found {path.suffix!r}')
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(f'{path}: expected a (H, W, 3) uint8 array, found {image.shape} {image.dtype}')
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(buffer, **options)
    return atomic_write(path, buffer.getvalue())


def read_stated_image(path: str | Path, size: Sequence[int]) -> np.ndarray:
    """Reads a picture that an annotation states the size of.

    Boxes count in pixels of the stated size: in a picture of another size they would be wrong without anyone noticing.

    Args:
        path: File in one of the formats of `read_image`.
        size: Its stated width and height.

    Returns:
        As `read_image`.

    Raises:
        ImageReadError: The picture cannot be read or has another size.
    """
    image = read_image(path)
    height, width = image.shape[:2]
    if (width, height) != tuple(size):
        raise ImageReadError(path, f'expected {size[0]} x {size[1]} pixels, found {width} x {height}')
    return image


def as_rgb(image: np.ndarray | Image.Image | str | Path, name: str) -> np.ndarray:
    """Turns what a caller may hand over as a picture into RGB.

    Args:
        image: A path, a PIL image (EXIF orientation is applied), or an array: `(H, W)` or `(H, W, 1)` grey,
            `(H, W, 3)` RGB or `(H, W, 4)` RGBA (laid on white), of uint8 or uint16 (the upper byte of 16 bits is
            kept, or of 12 where no value is above 4095).
        name: The argument's name, for the error.

    Returns:
        `(H, W, 3)` uint8, RGB. An array that is so already comes back as it is, not copied.

    Raises:
        ImageReadError: The file cannot be read, or the array is of another shape or type.
    """
    if isinstance(image, (str, Path)):
        return read_image(image)
    if isinstance(image, Image.Image):
        try:
            return _to_rgb(image)
        except ImageReadError as error:
            raise ImageReadError(name, error.reason) from error
        except (OSError, ValueError, SyntaxError) as error:
            raise ImageReadError(name, f'expected a whole image, found truncated or damaged data ({error})') from error
    if isinstance(image, np.ndarray):
        return _array_to_rgb(image, name)
    raise ImageReadError(name, f'expected a path, an array or a PIL image, found {type(image).__name__}')


def _read(path: Path, max_pixels: int, convert: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """Opens and decodes an image file; what `convert` makes of it."""
    if not path.is_file():
        found = 'a folder' if path.is_dir() else 'nothing of that name'
        raise ImageReadError(path, f'expected an image file, found {found}')
    try:
        # A handle, not the content: a file of many gigabytes is refused after its first bytes.
        with open(path, 'rb') as stream:
            return _decode(stream, path, max_pixels, convert)
    except OSError as error:
        raise ImageReadError(path, f'expected a readable image file, found: {error.strerror}') from error


def _decode(
    stream: BinaryIO, name: str | Path, max_pixels: int, convert: Callable[[Image.Image], np.ndarray]
) -> np.ndarray:
    """Decodes an image file from its first byte on; what `convert` makes of it."""
    if not stream.read(1):
        raise ImageReadError(name, 'expected an image, found an empty file (0 bytes)')
    stream.seek(0)
    with warnings.catch_warnings():
        # Pillow warns from 89 megapixels on; the limit here is ours. What it warns of in damaged files ends in an error
        # or in a picture, and the error says it.
        warnings.simplefilter('ignore')
        try:
            image = Image.open(stream, formats=FORMATS)
        except Image.UnidentifiedImageError as error:
            raise ImageReadError(name, f'expected one of {", ".join(FORMATS)}, found other content') from error
        except Image.DecompressionBombError as error:
            raise ImageReadError(name, f'expected at most {max_pixels} pixels, found more ({error})') from error
        except Exception as error:  # a decoder fed with hostile bytes raises almost anything; the caller gets one type
            raise ImageReadError(name, f'expected an image, found a damaged header ({error})') from error
        try:
            _check_header(image, max_pixels)
            return convert(image)
        except ImageReadError as error:
            raise ImageReadError(name, error.reason) from error
        except Exception as error:  # as above
            reason = f'expected a whole image, found truncated or damaged data ({error})'
            raise ImageReadError(name, reason) from error


def _check_header(image: Image.Image, max_pixels: int) -> None:
    """Refuses from the header alone what is too large or moves."""
    width, height = image.size
    if width * height > max_pixels:
        raise ImageReadError('image', f'expected at most {max_pixels} pixels, found {width} x {height}')
    # A camera's MPO file is a JPEG followed by further views; the first view is the picture.
    frames = 1 if image.format == 'MPO' else getattr(image, 'n_frames', 1)
    if frames > 1:
        raise ImageReadError('image', f'expected a still picture, found {frames} frames or pages')


def _load(image: Image.Image) -> Image.Transpose | None:
    """Decodes the pixels of a PIL image; returns what makes it upright, None where it is so."""
    if 0 in image.size:
        raise ImageReadError('image', f'expected at least one pixel, found {image.width} x {image.height}')
    # TIFF first: its plugin turns the pixels and drops the code on loading, so the code is read after that.
    image.load()
    turn = _UPRIGHT.get(image.getexif().get(_EXIF_ORIENTATION, 1))
    if image.mode == 'F' or (image.mode == 'I' and image.format != 'PNG'):
        raise ImageReadError('image', 'expected samples of 8 or 16 bits, found 32 bits')
    return turn


def _to_rgb(image: Image.Image) -> np.ndarray:
    """Decodes, converts and turns a PIL image; `(H, W, 3)` uint8."""
    turn = _load(image)
    if image.mode.startswith('I'):
        upright = image if turn is None else image.transpose(turn)
        return _grey16_to_rgb(np.asarray(upright), image.info.get('transparency'))
    if image.has_transparency_data:
        rgba = image.convert('RGBA')
        white = Image.new('RGBA', rgba.size, 'white')
        image = Image.alpha_composite(white, rgba)
    image = image.convert('RGB')
    if turn is not None:
        image = image.transpose(turn)
    return np.array(image)


def _to_rgba(image: Image.Image) -> np.ndarray:
    """Decodes, converts and turns a PIL image; `(H, W, 4)` uint8."""
    turn = _load(image)
    if image.mode.startswith('I'):
        grey = np.asarray(image)
        alpha = np.where(grey == image.info.get('transparency', -1), 0, 255).astype(np.uint8)
        rgba = Image.fromarray(np.dstack([_grey16_to_rgb(grey), alpha]))
    else:
        rgba = image.convert('RGBA')
    return np.array(rgba if turn is None else rgba.transpose(turn))


def _grey16_to_rgb(grey: np.ndarray, transparent: int | None = None) -> np.ndarray:
    """16-bit grey `(H, W)`, with the value that stands for transparent, to `(H, W, 3)` uint8 on white."""
    high = _upper_bits(grey)
    if transparent is not None:
        high[grey == transparent] = 255
    return np.repeat(high[:, :, None], 3, axis=2)


def _upper_bits(samples: np.ndarray) -> np.ndarray:
    """The upper eight of 16 bits, or of 12 where no sample needs more: so industrial cameras store their pictures."""
    return (samples >> (8 if samples.max() >= 1 << 12 else 4)).astype(np.uint8)


def _array_to_rgb(array: np.ndarray, name: str) -> np.ndarray:
    """Array of the shapes and types that `as_rgb` lists to `(H, W, 3)` uint8."""
    if array.dtype not in (np.uint8, np.uint16):
        raise ImageReadError(name, f'expected an array of uint8 or uint16, found {array.dtype}')
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or array.size == 0:
        raise ImageReadError(name, f'expected an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), found {array.shape}')
    if array.dtype == np.uint16:
        array = _upper_bits(array)
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    if array.shape[2] == 4:
        return _to_rgb(Image.fromarray(np.ascontiguousarray(array), 'RGBA'))
    return array
