"""Files in pieces, whole or refused."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from difftracker.errors import DiffTrackerError
from difftracker.packing.pieces import read_pieces, write_pieces

DATA = np.random.default_rng(0).bytes(2500)


def test_pieces_join(tmp_path):
    paths = write_pieces(DATA, tmp_path / 'new', 'data', 1000)
    assert [(path.name, path.stat().st_size) for path in paths] == [
        ('data.000', 1000),
        ('data.001', 1000),
        ('data.002', 500),
    ]
    assert read_pieces(tmp_path / 'new', 'data') == DATA


def test_an_older_file_leaves_nothing_behind(tmp_path):
    write_pieces(DATA, tmp_path, 'data', 100)
    write_pieces(DATA, tmp_path, 'database', 2000)
    write_pieces(DATA[:150], tmp_path, 'data', 100)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ['data.000', 'data.001', 'data.json', 'database.000', 'database.001', 'database.json']
    assert read_pieces(tmp_path, 'data') == DATA[:150]
    assert read_pieces(tmp_path, 'database') == DATA


def test_a_changed_piece_is_named(tmp_path):
    path = write_pieces(DATA, tmp_path, 'data', 1000)[1]
    path.write_bytes(path.read_bytes()[:-1] + b'?')
    with pytest.raises(DiffTrackerError, match=r'data\.001: expected 1000 bytes with SHA-256 .* found 1000 bytes'):
        read_pieces(tmp_path, 'data')


def test_a_missing_piece_is_named(tmp_path):
    write_pieces(DATA, tmp_path, 'data', 1000)[2].unlink()
    with pytest.raises(DiffTrackerError, match=r'data\.002: expected a piece of 500 bytes, found nothing'):
        read_pieces(tmp_path, 'data')


def test_exchanged_pieces_are_found(tmp_path):
    write_pieces(DATA, tmp_path, 'data', 1000)
    path = tmp_path / 'data.json'
    listed = json.loads(path.read_text())
    listed['pieces'][:2] = listed['pieces'][1::-1]
    path.write_text(json.dumps(listed))
    with pytest.raises(DiffTrackerError, match='found another order'):
        read_pieces(tmp_path, 'data')


@pytest.mark.parametrize(
    'text',
    [
        None,
        '[]',
        '{"sha256": "x"}',
        '{"sha256": "x", "pieces": [{"file": "../x", "size": 1, "sha256": "x"}]}',
        '{"sha256": "x", "pieces": [{"file": 3, "size": 1, "sha256": "x"}]}',
    ],
)
def test_a_list_that_is_none(tmp_path, text):
    path = tmp_path / 'data.json'
    if text is not None:
        path.write_text(text)
    with pytest.raises(DiffTrackerError, match=re.escape(str(path))):
        read_pieces(tmp_path, 'data')
