"""A file in pieces of a limited size, with checksums."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from difftracker.errors import DiffTrackerError
from difftracker.utils.files import atomic_write, write_json

MIB = 2**20


def write_pieces(data: bytes, folder: str | Path, name: str, piece_size: int) -> list[Path]:
    """Writes `NAME.json` and the pieces `NAME.000`, `NAME.001`, ...; pieces of an older file of that name go.

    Args:
        data: The content.
        folder: Where to write; made if missing.
        name: Name of the file.
        piece_size: Largest size of a piece in bytes.

    Returns:
        The pieces.
    """
    folder = Path(folder)
    parts = [data[start : start + piece_size] for start in range(0, len(data), piece_size)]
    paths = [folder / f'{name}.{number:03d}' for number in range(len(parts))]
    for path, part in zip(paths, parts, strict=True):
        atomic_write(path, part)
    pieces = [
        {'file': path.name, 'size': len(part), 'sha256': digest(part)} for path, part in zip(paths, parts, strict=True)
    ]
    # Last, so that a list never names pieces that are not there.
    write_json(folder / f'{name}.json', {'size': len(data), 'sha256': digest(data), 'pieces': pieces})
    for old in folder.glob(f'{name}.[0-9][0-9][0-9]'):
        if old not in paths:
            old.unlink()
    return paths


def read_pieces(folder: str | Path, name: str) -> bytes:
    """Joins the pieces of a file.

    Args:
        folder: Where `write_pieces` wrote.
        name: Name of the file.

    Raises:
        DiffTrackerError: The list or a piece is missing, or a piece is not what it was.
    """
    listed = read_piece_list(folder, name)
    parts = []
    for piece in listed['pieces']:
        path = Path(folder) / piece['file']
        if not path.is_file():
            raise DiffTrackerError(f'{path}: expected a piece of {piece["size"]} bytes, found nothing of that name')
        part = path.read_bytes()
        if digest(part) != piece['sha256']:
            raise DiffTrackerError(
                f'{path}: expected {piece["size"]} bytes with SHA-256 {piece["sha256"][:12]}..., '
                f'found {len(part)} bytes with {digest(part)[:12]}...'
            )
        parts.append(part)
    data = b''.join(parts)
    if digest(data) != listed['sha256']:
        raise DiffTrackerError(f'{folder}/{name}.json: expected the pieces to make up the file, found another order')
    return data


def read_piece_list(folder: str | Path, name: str) -> dict:
    """Reads `NAME.json`: `size`, `sha256`, and `pieces` with `file`, `size` and `sha256` each.

    Raises:
        DiffTrackerError: The list is missing or not one.
    """
    path = Path(folder) / f'{name}.json'
    try:
        listed = json.loads(path.read_text(encoding='utf-8'))
        names = [piece['file'] for piece in listed['pieces']]
        sums = [listed['sha256'], *(piece['sha256'] for piece in listed['pieces'])]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DiffTrackerError(f'{path}: expected a list of pieces, found {error!r}') from error
    if not all(isinstance(item, str) for item in (*sums, *names)) or any(Path(file).name != file for file in names):
        raise DiffTrackerError(f'{path}: expected plain names of pieces beside it with checksums, found {names}')
    return listed


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
