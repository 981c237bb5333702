"""Checks whole data sets and lists every fault."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from difftracker.errors import ImageReadError
from difftracker.utils.image_io import read_image

from .annotation_checks import check_record
from .annotation_fault import AnnotationFault

SUFFIXES = {
    'JPEG': ('.jpg', '.jpeg'),
    'MPO': ('.jpg', '.jpeg', '.mpo'),
    'PNG': ('.png',),
    'WEBP': ('.webp',),
    'BMP': ('.bmp', '.dib'),
    'TIFF': ('.tif', '.tiff'),
}


class AnnotationValidator:
    """Checks the annotation files of one or several splits; goes on past each fault.

    Args:
        pixels: Decode the images too. Without, files are only looked for.
    """

    def __init__(self, pixels: bool = True) -> None:
        self._pixels = pixels
        self.faults: list[AnnotationFault] = []
        self.files: list[dict] = []
        self._pair_homes: dict[str, str] = {}
        self._picture_homes: dict[str, tuple[str, str]] = {}
        self._pictures: dict[Path, tuple[tuple[int, int] | None, str | None]] = {}

    def check(
        self,
        path: str | Path,
        data_root: str | Path,
        progress: Callable[[Sequence[Any]], Iterable[Any]] = iter,
    ) -> None:
        """Checks one split, on its own and against those checked before.

        Args:
            path: Annotation file.
            data_root: The folder that its image paths start from.
            progress: Wraps the list of lines, to show progress.
        """
        split, root = str(path), Path(data_root)
        lines = self._lines(Path(path))
        figures = Counter(pairs=0, changes=0, queries=0)
        first_lines: dict[str, int] = {}
        for number, text in progress(lines):
            obj = self._parse(text, split, number)
            if not isinstance(obj, dict):
                continue
            figures['pairs'] += 1
            figures['changes'] += _length(obj.get('changes'))
            figures['queries'] += _length(obj.get('queries'))
            self._check_pair_id(obj.get('pair_id'), split, number, first_lines)
            self._check_pictures(obj, root, split, number)
        if lines and not figures['pairs']:
            return
        self.files.append({'path': split, **figures})

    def report(self) -> dict:
        """Returns the findings as plain data: `ok`, `files`, `counts` of faults by code, `faults`."""
        return {
            'ok': not self.faults,
            'files': self.files,
            'counts': dict(sorted(Counter(fault.code for fault in self.faults).items())),
            'faults': [fault.to_json() for fault in self.faults],
        }

    def _add(self, code: str, reason: str, split: str, line: int | None = None, pair_id: Any = None) -> None:
        known = pair_id if isinstance(pair_id, str) else None
        self.faults.append(AnnotationFault(code, reason, split, line, known))

    def _lines(self, path: Path) -> list[tuple[int, bytes]]:
        try:
            content = path.read_bytes().removeprefix(b'\xef\xbb\xbf')
        except OSError as error:
            self._add('file-missing', f'expected a readable annotation file, found: {error.strerror}', str(path))
            return []
        lines = [(number, text) for number, text in enumerate(content.split(b'\n'), start=1) if text.strip()]
        if not lines:
            self._add('file-empty', 'expected one pair per line, found no pair at all', str(path))
        return lines

    def _parse(self, text: bytes, split: str, line: int) -> Any:
        """Returns what the line holds, None for nothing usable, and lists its faults."""
        constants: list[str] = []

        def note(name: str) -> float:
            constants.append(name)
            return float(name)

        try:
            obj = json.loads(text.decode('utf-8'), parse_constant=note)
        except (ValueError, RecursionError) as error:
            self._add('not-json', f'expected a JSON object in UTF-8, found {text[:40]!r} ({error})', split, line)
            return None
        faults = [replace(fault, path=split, line=line) for fault in check_record(obj)]
        self.faults += faults
        # In a box it has a code of its own; elsewhere readers refuse it all the same.
        if constants and not any(fault.code == 'box-not-finite' for fault in faults):
            self._add('not-json', f'expected JSON, found {constants[0]}, which is not a JSON number', split, line)
        return obj

    def _check_pair_id(self, pair_id: Any, split: str, line: int, first_lines: dict[str, int]) -> None:
        if not isinstance(pair_id, str):
            return
        if pair_id in first_lines:
            reason = f'pair_id must be unique, found it on line {first_lines[pair_id]} already'
            self._add('duplicate-pair-id', reason, split, line, pair_id)
            return
        first_lines[pair_id] = line
        home = self._pair_homes.setdefault(pair_id, split)
        if home != split:
            self._add(
                'leaked-pair-id', f'a pair must stand in one split only, found it in {home} too', split, line, pair_id
            )

    def _check_pictures(self, obj: dict, root: Path, split: str, line: int) -> None:
        pair_id = obj.get('pair_id')
        prints = []
        for side in ('before', 'after'):
            name = obj.get(side)
            if not isinstance(name, str) or not _stays_below(root, name):
                continue
            path = root / name
            if not os.path.isfile(path):  # which unlike Path.is_file takes names that are too long
                self._add(
                    'image-missing',
                    f'{side!r} must be a file below the data root, found no {path}',
                    split,
                    line,
                    pair_id,
                )
            elif self._pixels:
                size, fingerprint = self._picture(path, split, line, pair_id)
                self._check_size(obj.get(f'{side}_size'), size, f'{side} image {name}', split, line, pair_id)
                self._check_leak(fingerprint, name, split, line, pair_id)
                prints.append(fingerprint)
        if obj.get('changes') and len(prints) == 2 and prints[0] is not None and prints[0] == prints[1]:
            self._add(
                'no-difference',
                'a pair with changes must have two different images, found the same pixels',
                split,
                line,
                pair_id,
            )

    def _picture(self, path: Path, split: str, line: int, pair_id: Any) -> tuple[tuple[int, int] | None, str | None]:
        """Size and content hash of an image, both None where it cannot be read; each file is decoded once."""
        if path not in self._pictures:
            self._pictures[path] = (None, None)
            try:
                image = read_image(path)
            except ImageReadError as error:
                self._add('image-unreadable', str(error), split, line, pair_id)
                return None, None
            found = _format_of(path)
            if found is not None and path.suffix.lower() not in SUFFIXES.get(found, ()):
                self._add(
                    'image-renamed',
                    f'{path} must be named after its format, found {found} inside',
                    split,
                    line,
                    pair_id,
                )
            digest = hashlib.blake2b(np.ascontiguousarray(image), digest_size=16, salt=_shape_salt(image)).hexdigest()
            self._pictures[path] = ((image.shape[1], image.shape[0]), digest)
        return self._pictures[path]

    def _check_size(
        self, stated: Any, size: tuple[int, int] | None, what: str, split: str, line: int, pair_id: Any
    ) -> None:
        well_formed = isinstance(stated, list) and len(stated) == 2
        if size is not None and well_formed and stated != list(size):
            self._add('size-mismatch', f'{what} must be {stated}, found {list(size)}', split, line, pair_id)

    def _check_leak(self, fingerprint: str | None, name: str, split: str, line: int, pair_id: Any) -> None:
        if fingerprint is None:
            return
        home, other = self._picture_homes.setdefault(fingerprint, (split, name))
        if home != split:
            self._add(
                'leaked-image',
                f'a picture must stand in one split only, found the pixels of {name} in {home} too ({other})',
                split,
                line,
                pair_id,
            )


def _length(value: Any) -> int:
    return len(value) if isinstance(value, list) else 0


def _stays_below(root: Path, name: str) -> bool:
    """False for a path that is a fault already; links inside the root are the data set's own affair."""
    return bool(name.strip()) and '\0' not in name and not Path(name).is_absolute() and '..' not in Path(name).parts


def _format_of(path: Path) -> str | None:
    try:
        with Image.open(path) as image:
            return image.format
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return None


def _shape_salt(image: np.ndarray) -> bytes:
    return image.shape[0].to_bytes(8, 'little') + image.shape[1].to_bytes(8, 'little')
