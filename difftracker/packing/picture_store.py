"""Pictures on their way into a pack."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from difftracker.errors import ConfigError, ImageReadError
from difftracker.utils.image_io import read_image, read_rgba


@dataclass(frozen=True)
class PackedPicture:
    """A picture as it went into the pack.

    Attributes:
        width, height: Its size there in px.
        scale_x, scale_y: Pixels there per pixel of the source.
    """

    width: int
    height: int
    scale_x: float
    scale_y: float


class PictureStore:
    """Encodes pictures as WebP, smaller where asked for, each name once.

    Attributes:
        files: Content by name.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._known: dict[str, PackedPicture] = {}
        self._sources: dict[str, Path] = {}

    def add(
        self, source: Path, name: str, long_side: int | None, quality: int, exact_if_smaller: bool = False
    ) -> PackedPicture:
        """Adds a picture; one of a name that is there already is not read again.

        Args:
            source: The file.
            name: Name in the pack, ending with `.webp`.
            long_side: Longer side that is not exceeded, in px; None keeps the size.
            quality: 1 to 100.
            exact_if_smaller: Whether to take an exact copy where it is the smaller one, as with drawn pictures.

        Raises:
            ConfigError: Another picture has the name.
            ImageReadError: The picture cannot be read.
        """
        self._claim(source, name)
        if name not in self._known:
            image = Image.fromarray(read_image(source))
            self._known[name] = self._encode(image, name, long_side, quality, exact_if_smaller)
        return self._known[name]

    def add_cutout(self, source: Path, name: str, long_side: int, quality: int) -> PackedPicture:
        """Adds a picture with transparency, cropped to what is visible.

        Raises:
            ConfigError: Another picture has the name.
            ImageReadError: The picture cannot be read or shows nothing.
        """
        self._claim(source, name)
        image = Image.fromarray(read_rgba(source))
        box = image.getchannel('A').point(np.where(np.arange(256) > 8, 255, 0).tolist()).getbbox()
        if box is None:
            raise ImageReadError(source, 'expected a visible object, found full transparency')
        self._known[name] = self._encode(image.crop(box), name, long_side, quality)
        return self._known[name]

    def _claim(self, source: Path, name: str) -> None:
        """Refuses a second source for a name: suffixes differ in a folder, but every name in the pack ends alike."""
        path = source.resolve()
        owner = self._sources.setdefault(name, path)
        if owner != path:
            raise ConfigError(f'{source}: expected a name of its own in the pack, found {name} taken by {owner}')

    def _encode(
        self, image: Image.Image, name: str, long_side: int | None, quality: int, exact_if_smaller: bool = False
    ) -> PackedPicture:
        width, height = image.size
        scale = 1.0 if long_side is None else min(1.0, long_side / max(image.size))
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        if size != image.size:
            # Averaging, as when pictures are made smaller for the model.
            image = image.resize(size, Image.Resampling.BOX if image.mode == 'RGB' else Image.Resampling.LANCZOS)
        found = [_webp(image, quality=quality, alpha_quality=80, method=4)]
        if exact_if_smaller:
            found.append(_webp(image, lossless=True, quality=90, method=5))
        self.files[name] = min(found, key=len)
        return PackedPicture(*size, size[0] / width, size[1] / height)


def _webp(image: Image.Image, **settings: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, 'WEBP', **settings)
    return buffer.getvalue()
