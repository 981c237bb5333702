"""Archives with the same bytes for the same content."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from difftracker.errors import DiffTrackerError
from difftracker.utils.files import atomic_write

# Pictures and weights are compressed already.
DEFLATED = frozenset({'.json', '.jsonl', '.csv', '.txt'})
# The oldest date that a zip archive can hold; the true one would change the bytes.
DATE = (1980, 1, 1, 0, 0, 0)
# Holds the checksum of what was unpacked, nothing while that is going on.
MARK = '.unpacked'


def make_archive(files: Mapping[str, bytes]) -> bytes:
    """Returns a zip archive of files by name; names are sorted and dates left out."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w') as archive:
        for name in sorted(files):
            method = zipfile.ZIP_DEFLATED if Path(name).suffix in DEFLATED else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name, DATE), files[name], method, 9)
    return buffer.getvalue()


def unpack_archive(data: bytes, folder: str | Path, checksum: str) -> Path:
    """Unpacks an archive into a folder of its own, once.

    Args:
        data: The archive.
        folder: Where to; what another archive or a broken attempt left there is removed first.
        checksum: Of the archive; a folder that bears it is left as it is.

    Returns:
        The folder.

    Raises:
        DiffTrackerError: The data are no archive, a name points outside the folder, or the folder holds other things.
    """
    folder = Path(folder)
    if is_unpacked(folder, checksum):
        return folder
    if folder.exists():
        if any(folder.iterdir()) and not (folder / MARK).is_file():
            raise DiffTrackerError(f'{folder}: expected an empty folder to unpack into, found other files')
        shutil.rmtree(folder)
    atomic_write(folder / MARK, '')
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            root = folder.resolve()
            for name in archive.namelist():
                if not (root / name).resolve().is_relative_to(root):
                    raise DiffTrackerError(f'{folder}: expected names inside the archive, found {name!r}')
            archive.extractall(folder)
    except zipfile.BadZipFile as error:
        raise DiffTrackerError(f'{folder}: expected a zip archive to unpack, found {error}') from error
    atomic_write(folder / MARK, checksum)
    return folder


def is_unpacked(folder: str | Path, checksum: str) -> bool:
    """Tells whether a folder holds the archive of this checksum as a whole."""
    mark = Path(folder) / MARK
    return mark.is_file() and mark.read_text(encoding='utf-8') == checksum
