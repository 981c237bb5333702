"""An image of a public data set on its way into a set of ours."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from difftracker.datasets.annotation_validator import SUFFIXES
from difftracker.errors import AnnotationError
from difftracker.utils.image_io import FORMATS, decode_image, read_image

_EXIF_ORIENTATION = 0x0112


@dataclass(eq=False)
class Picture:
    """An image file, or the bytes of one, and the name that it gets.

    Attributes:
        name: Path below the folder `images` of the new set, with `/`.
        content: The file, or its bytes where the data set keeps images inside a larger file or we made the image.

    Raises:
        AnnotationError: The name leaves its folder.
    """

    name: str
    content: Path | bytes

    def __post_init__(self) -> None:
        if PurePosixPath(self.name).is_absolute() or '..' in PurePosixPath(self.name).parts:
            raise AnnotationError(self.name, 'expected the name of an image inside the set, found one that leaves it')

    @cached_property
    def pixels(self) -> np.ndarray:
        """The image, upright: `(H, W, 3)` uint8 RGB.

        Raises:
            ImageReadError: The file is missing or cannot be decoded.
        """
        if isinstance(self.content, bytes):
            return decode_image(self.content, self.name)
        return read_image(self.content)

    @property
    def size(self) -> tuple[int, int]:
        """`(width, height)` of the upright image in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @cached_property
    def orientation(self) -> int:
        """EXIF code that says how the stored pixels must be turned to stand upright; 1 means not at all."""
        # The pixels are asked for first: whatever is wrong with the file then has one message.
        _ = self.pixels
        with self._open() as image:
            # Pillow turns TIFF on loading, so that every reader of the set has seen it upright.
            return 1 if image.format == 'TIFF' else image.getexif().get(_EXIF_ORIENTATION, 1)

    @property
    def stored_size(self) -> tuple[int, int]:
        """`(width, height)` before any turn."""
        width, height = self.size
        return (height, width) if 5 <= self.orientation <= 8 else (width, height)

    @cached_property
    def target(self) -> str:
        """Path of the image in the new set: the name, with a suffix that agrees with the content."""
        _ = self.pixels
        with self._open() as image:
            suffixes = SUFFIXES[image.format]
        path = PurePosixPath('images', self.name)
        return str(path if path.suffix.lower() in suffixes else path.with_name(path.name + suffixes[0]))

    def _open(self) -> Image.Image:
        """Opens the file without decoding it."""
        stream = io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content
        return Image.open(stream, formats=FORMATS)
