"""Archives: the same bytes for the same content, unpacked once and as a whole."""

from __future__ import annotations

import io
import zipfile

import pytest

from difftracker.errors import DiffTrackerError
from difftracker.packing.archive import is_unpacked, make_archive, unpack_archive

FILES = {'b/c.json': b'{}' * 500, 'a.webp': b'\x00\x01' * 500}


def test_the_same_content_gives_the_same_bytes():
    data = make_archive(FILES)
    assert data == make_archive(dict(reversed(FILES.items())))
    assert data != make_archive({**FILES, 'a.webp': b'\x00'})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {item.filename: item.compress_size < item.file_size for item in archive.infolist()} == {
            'a.webp': False,
            'b/c.json': True,
        }


def test_unpacked_once(tmp_path):
    folder = tmp_path / 'out'
    assert not is_unpacked(folder, 'sum')
    unpack_archive(make_archive(FILES), folder, 'sum')
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES
    assert is_unpacked(folder, 'sum') and not is_unpacked(folder, 'other')
    (folder / 'a.webp').write_bytes(b'mine')
    unpack_archive(make_archive(FILES), folder, 'sum')
    assert (folder / 'a.webp').read_bytes() == b'mine'
    unpack_archive(make_archive({'a.webp': b'new'}), folder, 'other')
    assert (folder / 'a.webp').read_bytes() == b'new' and not (folder / 'b').exists()


def test_a_broken_attempt_is_done_again(tmp_path):
    with pytest.raises(DiffTrackerError, match='expected a zip archive to unpack'):
        unpack_archive(make_archive(FILES)[:300], tmp_path / 'out', 'sum')
    assert not is_unpacked(tmp_path / 'out', 'sum')
    unpack_archive(make_archive(FILES), tmp_path / 'out', 'sum')
    assert is_unpacked(tmp_path / 'out', 'sum')


def test_a_folder_of_others_is_left_alone(tmp_path):
    (tmp_path / 'thesis.txt').write_text('mine')
    with pytest.raises(DiffTrackerError, match='expected an empty folder'):
        unpack_archive(make_archive(FILES), tmp_path, 'sum')
    assert [path.name for path in tmp_path.iterdir()] == ['thesis.txt']


def test_names_stay_inside(tmp_path):
    with pytest.raises(DiffTrackerError, match=r"expected names inside the archive, found '\.\./x'"):
        unpack_archive(make_archive({'../x': b''}), tmp_path / 'out', 'sum')
    assert not (tmp_path / 'x').exists()
