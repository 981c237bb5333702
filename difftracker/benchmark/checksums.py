"""Checksums of a built set: of the files' bytes, in the form that `sha256sum -c` reads, and of the decoded pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from difftracker.errors import AnnotationError
from difftracker.utils.files import atomic_write
from difftracker.utils.image_io import read_image

FILES_NAME = 'SHA256SUMS'
PIXELS_NAME = 'PIXELSUMS'
Progress = Callable[[Sequence[Any]], Iterable[Any]]


@dataclass(frozen=True)
class Checksums:
    """Digests of one set.

    Attributes:
        files: SHA-256 of each file, by path relative to the set's folder: annotations and pictures.
        pixels: SHA-256 of each picture's size and decoded RGB values, by path.
    """

    files: dict[str, str]
    pixels: dict[str, str]

    def write(self, folder: Path) -> None:
        """Writes both lists into the set's folder, that of the files last: it says that the set is whole."""
        for name, sums in ((PIXELS_NAME, self.pixels), (FILES_NAME, self.files)):
            atomic_write(folder / name, ''.join(f'{digest}  {path}\n' for path, digest in sorted(sums.items())))


def compute_checksums(folder: Path, progress: Progress = iter) -> Checksums:
    """Reads a set's files.

    Args:
        folder: Folder of the set.
        progress: Wraps the list of files, to show progress.

    Raises:
        ImageReadError: A picture cannot be decoded.
    """
    files: dict[str, str] = {}
    pixels: dict[str, str] = {}
    for name in progress(list_files(folder)):
        path = folder / name
        files[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        if name.startswith('images/'):
            pixels[name] = pixel_digest(path)
    return Checksums(files, pixels)


def pixel_digest(path: Path) -> str:
    """Returns the SHA-256 of a picture's height, width and RGB values.

    Raises:
        ImageReadError: The picture cannot be decoded.
    """
    image = read_image(path)
    return hashlib.sha256(f'{image.shape[0]} {image.shape[1]}\n'.encode() + image.tobytes()).hexdigest()


def list_files(folder: Path) -> list[str]:
    """Returns what belongs to a set, annotations and pictures, as sorted paths relative to its folder."""
    found = [*folder.glob('annotations/*.jsonl'), *folder.glob('images/*/*.jpg')]
    return sorted(path.relative_to(folder).as_posix() for path in found)


def read_sums(path: Path) -> dict[str, str]:
    """Reads a list of checksums.

    Raises:
        AnnotationError: The file is missing or a line is no checksum.
    """
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AnnotationError(path, f'expected a list of checksums, found {error}') from error
    sums: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        digest, _, name = line.partition('  ')
        if len(digest) != 64 or not name:
            raise AnnotationError(path, f'expected a SHA-256 and a path, found {line!r:.80}', number)
        sums[name] = digest
    return sums
