"""Files that are either whole or absent: atomic writing, and JSON lines with a line number in every error."""

from __future__ import annotations

import errno
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from difftracker.errors import AnnotationError


def atomic_write(path: str | Path, data: bytes | str) -> Path:
    """Writes a file so that a reader sees the old content or the new one, never a part of it.

    The data go to a new file in the same folder, reach the disk, and only then take the name. A crash or a full disk
    leaves the old file as it was. Missing folders are made; where `path` is a link, the file that it names is replaced.

    Args:
        path: Where to write.
        data: The content; text is written as UTF-8 without any change of line ends.

    Returns:
        The path written.

    Raises:
        OSError: The folder cannot be made or written to, or the disk is full.
    """
    path = Path(path)
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(target)
    content = data.encode('utf-8') if isinstance(data, str) else data
    try:
        with open(temporary, 'xb') as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path


def check_target(path: str | Path, name: str) -> None:
    """Tells before long work, not after it, that `atomic_write` could not write a file. Missing folders are made.

    Args:
        path: Where will be written.
        name: The argument that it comes from, for the error.

    Raises:
        OSError: A folder or a device has that name, or no file can be made in its folder.
    """
    with _naming(path, f'a file that can be written as {name}'):
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, 'a folder')
        if os.path.exists(path) and not os.path.isfile(path):
            raise OSError(errno.EINVAL, 'a device or a pipe')
        target = Path(os.path.realpath(path))
        _try_folder(target.parent, _beside(target).name)


def check_folder(path: str | Path, name: str) -> None:
    """Tells before long work that no files could be written to a folder. It is made where it is missing.

    Args:
        path: The folder.
        name: The argument that it comes from, for the error.

    Raises:
        OSError: A file has that name, or the folder cannot be made or written to.
    """
    folder = Path(os.path.realpath(path))
    with _naming(path, f'a folder that can be written to as {name}'):
        _try_folder(folder, _beside(folder / 'file').name)


@contextmanager
def _naming(path: str | Path, expected: str) -> Iterator[None]:
    """Puts file and expectation into an error of the system."""
    try:
        yield
    except OSError as error:
        raise type(error)(f'{path}: expected {expected}, found: {error.strerror}') from error


def _try_folder(folder: Path, name: str) -> None:
    """Makes a folder, and in it an empty file that is removed again."""
    file = next((place for place in (folder, *folder.parents) if place.is_file()), None)
    if file is not None:
        raise NotADirectoryError(errno.ENOTDIR, f'{file}, which is a file')
    folder.mkdir(parents=True, exist_ok=True)
    # Permissions tell too little: of root, of a disk that is read-only, of a name that is too long.
    with open(folder / name, 'xb'):
        pass
    os.unlink(folder / name)


def _beside(target: Path) -> Path:
    """Returns a new name in the folder of a file, which holds its content until that is whole."""
    # Not tempfile: its files are private (0600), and the result should have the user's usual permissions.
    return target.with_name(f'.{target.name}.{secrets.token_hex(6)}.tmp')


def write_json(path: str | Path, obj: Any) -> Path:
    """Writes one JSON document, indented, atomically.

    Args:
        path: Where to write.
        obj: Plain data; NaN and infinity are refused because JSON has no such numbers.

    Returns:
        The path written.

    Raises:
        ValueError: `obj` holds NaN or infinity.
        TypeError: `obj` holds something that JSON cannot say.
    """
    return atomic_write(path, json.dumps(obj, ensure_ascii=False, indent=2, allow_nan=False) + '\n')


def write_jsonl(path: str | Path, items: Iterable[dict]) -> Path:
    """Writes one JSON object a line, atomically: all items or none.

    Args:
        path: Where to write.
        items: The objects, in order.

    Returns:
        The path written.

    Raises:
        ValueError: An item holds NaN or infinity.
        TypeError: An item holds something that JSON cannot say.
    """
    lines = [json.dumps(item, ensure_ascii=False, allow_nan=False) + '\n' for item in items]
    return atomic_write(path, ''.join(lines))


def parse_json_object(text: str | bytes, path: str | Path, line: int | None = None) -> dict:
    """Reads one JSON object.

    Args:
        text: The JSON text; bytes must be UTF-8.
        path: The file that it stands in, for the error.
        line: Its 1-based line number, for the error.

    Returns:
        The object.

    Raises:
        AnnotationError: The text is not UTF-8, not JSON (which has no NaN and no infinity), nested too deeply, or not
            an object.
    """

    def refuse(name: str) -> None:
        raise ValueError(f'{name} is not a JSON number')

    try:
        decoded = text.decode('utf-8') if isinstance(text, bytes) else text
        item = json.loads(decoded, parse_constant=refuse)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise AnnotationError(path, f'expected UTF-8 text, found byte {byte:#04x}', line) from error
    except RecursionError as error:
        raise AnnotationError(path, 'expected a JSON object, found JSON nested too deeply', line) from error
    except ValueError as error:
        raise AnnotationError(path, f'expected a JSON object, found text that is not JSON ({error})', line) from error
    if not isinstance(item, dict):
        raise AnnotationError(path, f'expected a JSON object, found {type(item).__name__}', line)
    return item


def read_jsonl(path: str | Path) -> Iterator[tuple[int, dict]]:
    """Reads a file of one JSON object a line; blank lines are passed over.

    Args:
        path: The file, UTF-8, with or without a byte order mark.

    Yields:
        The 1-based line number and the object.

    Raises:
        AnnotationError: The file is missing or unreadable, or a line is not a JSON object.
    """
    path = Path(path)
    if not path.is_file():
        found = 'a folder' if path.is_dir() else 'nothing of that name'
        raise AnnotationError(path, f'expected a file of JSON lines, found {found}')
    try:
        with open(path, 'rb') as handle:
            for line_no, raw in enumerate(handle, start=1):
                # Editors on some systems put a byte order mark in front; JSON does not allow one.
                content = raw.removeprefix(b'\xef\xbb\xbf') if line_no == 1 else raw
                if content.strip():
                    yield line_no, parse_json_object(content, path, line_no)
    except OSError as error:
        raise AnnotationError(path, f'expected a readable file, found: {error.strerror}') from error
