"""Atomic files and JSON lines."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO

import pytest

from difftracker.errors import AnnotationError
from difftracker.utils import files


def test_atomic_write_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / 'new' / 'note.txt'
    assert files.atomic_write(target, 'grün\n') == target
    assert files.atomic_write(target, b'\x00\x01') == target
    assert target.read_bytes() == b'\x00\x01'
    assert os.listdir(target.parent) == ['note.txt']


def test_atomic_write_gives_the_usual_permissions(tmp_path: Path) -> None:
    plain = tmp_path / 'plain'
    plain.write_bytes(b'')
    written = files.atomic_write(tmp_path / 'written', b'')
    assert written.stat().st_mode == plain.stat().st_mode


def test_atomic_write_follows_a_link(tmp_path: Path) -> None:
    real = tmp_path / 'real.txt'
    real.write_text('old')
    link = tmp_path / 'link.txt'
    link.symlink_to(real)
    files.atomic_write(link, 'new')
    assert link.is_symlink() and real.read_text() == 'new'


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / 'data.bin'
    target.write_bytes(b'old')

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='No space'):
        files.atomic_write(target, b'new')
    assert target.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['data.bin']


def test_an_interrupt_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / 'data.bin'
    target.write_bytes(b'old')

    def interrupted(source: str, destination: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, 'replace', interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.atomic_write(target, b'new')
    assert target.read_bytes() == b'old'
    assert os.listdir(tmp_path) == ['data.bin']


def test_a_target_that_can_be_written_passes_and_nothing_is_left(tmp_path: Path) -> None:
    old = tmp_path / 'old.txt'
    old.write_text('old')
    for target in (old, tmp_path / 'new.txt', tmp_path / 'folder' / 'new.txt'):
        files.check_target(target, '--out')
    files.check_folder(tmp_path / 'other', '--out-dir')
    assert old.read_text() == 'old'
    assert sorted(path.name for path in tmp_path.rglob('*')) == ['folder', 'old.txt', 'other']


@pytest.mark.parametrize(
    ('name', 'found'),
    [
        ('.', 'a folder'),
        ('file/a.jsonl', 'file, which is a file'),
        ('file/b/a.jsonl', 'file, which is a file'),
        ('a' * 250, os.strerror(errno.ENAMETOOLONG)),
        ('closed/a.jsonl', os.strerror(errno.EACCES)),
        ('pipe', 'a device or a pipe'),
    ],
)
def test_a_target_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, found: str
) -> None:
    (tmp_path / 'file').write_text('')
    os.mkfifo(tmp_path / 'pipe')
    # The tests may run as root, whom no permission stops.
    monkeypatch.setattr(files, 'open', refuse_in_closed, raising=False)
    with pytest.raises(OSError) as caught:
        files.check_target(tmp_path / name, '--out')
    message = f'{tmp_path / name}: expected a file that can be written as --out, found: '
    assert str(caught.value).startswith(message) and str(caught.value).endswith(found)


@pytest.mark.parametrize(
    ('name', 'found'),
    [('file', 'file, which is a file'), ('a' * 300, os.strerror(errno.ENAMETOOLONG))],
)
def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path, name: str, found: str) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError) as caught:
        files.check_folder(tmp_path / name, '--out-dir')
    message = f'{tmp_path / name}: expected a folder that can be written to as --out-dir, found: '
    assert str(caught.value).startswith(message) and str(caught.value).endswith(found)


def refuse_in_closed(path: Path, mode: str) -> IO[bytes]:
    if path.parent.name == 'closed':
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return open(path, mode)


def test_write_jsonl_is_all_or_nothing(tmp_path: Path) -> None:
    target = files.write_jsonl(tmp_path / 'a.jsonl', [{'a': 1}, {'b': 'ß'}])
    assert target.read_text(encoding='utf-8') == '{"a": 1}\n{"b": "ß"}\n'
    with pytest.raises(ValueError, match='not JSON compliant'):
        files.write_jsonl(target, [{'a': 2}, {'a': float('nan')}])
    assert list(files.read_jsonl(target)) == [(1, {'a': 1}), (2, {'b': 'ß'})]


def test_write_json_refuses_infinity(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='not JSON compliant'):
        files.write_json(tmp_path / 'a.json', {'a': float('inf')})
    assert not (tmp_path / 'a.json').exists()
    assert files.write_json(tmp_path / 'a.json', {'a': 1}).read_text() == '{\n  "a": 1\n}\n'


def test_read_jsonl_skips_blank_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / 'a.jsonl'
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"a": 2}')
    assert list(files.read_jsonl(path)) == [(1, {'a': 1}), (4, {'a': 2})]


@pytest.mark.parametrize(
    ('line', 'reason'),
    [
        (b'{"a": 1', 'not JSON'),
        (b'[1, 2]', 'found list'),
        (b'"text"', 'found str'),
        (b'{"a": NaN}', 'NaN is not a JSON number'),
        (b'{"a": -Infinity}', '-Infinity is not a JSON number'),
        (b'{"a": "\xff"}', 'expected UTF-8 text, found byte 0xff'),
        (b'{"a": ' + b'[' * 200_000 + b'}', 'nested too deeply'),
        (b'{"a": ' + b'9' * 5000 + b'}', 'not JSON'),
        (b'\x00\x00', 'not JSON'),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / 'a.jsonl'
    path.write_bytes(b'{"a": 1}\n\n' + line + b'\n')
    with pytest.raises(AnnotationError, match=reason) as caught:
        list(files.read_jsonl(path))
    assert caught.value.line == 3
    assert str(caught.value).startswith(f'{path}:3: ')


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match='nothing of that name'):
        next(files.read_jsonl(tmp_path / 'none.jsonl'))
    with pytest.raises(AnnotationError, match='a folder'):
        next(files.read_jsonl(tmp_path))
