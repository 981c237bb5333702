"""Pickles of plain data read as pickle itself reads them; anything else is refused and never run."""

from __future__ import annotations

import datetime
import io
import os
import pickle
import random
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from difftracker.converters.plain_pickle import parse_plain_pickle, read_object_array, read_plain_pickle
from difftracker.errors import AnnotationError

SHARED = ['told once', 2.5]
PLAIN: dict[Any, Any] = {
    'numbers': [0, 1, 255, 65536, -7, 2**80, 1.5, -0.0, True, False, None],
    'text': ('plain', 'é\n\'"', ''),
    'bytes': [b'', b'\x00\xff'],
    'nested': {'a': {'b': [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)]}, 5: set(), 6: {1, 2}},
    'shared': [SHARED, SHARED],
    'ordered': OrderedDict(x=1, y=[2]),
}


class Hostile:
    """Runs a command when unpickled."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> tuple:
        return self.call[0], self.call[1:]


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_agrees_with_pickle(protocol: int) -> None:
    data = pickle.dumps(PLAIN, protocol)
    assert parse_plain_pickle(data, 'x') == pickle.loads(data)


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_become_lists(protocol: int) -> None:
    grid = np.arange(12, dtype=np.int16).reshape(3, 4)
    arrays = {
        'rows': grid,
        'columns': np.asfortranarray(grid),
        'other end': grid.astype('>i4'),
        'scalar': [np.float32(1.5), np.int64(-3), np.str_('ab')],
        'objects': np.array([{'bbox': np.array([1.0, 2.0])}, {'bbox': [3]}], dtype=object),
        'again': grid,
    }
    rows = grid.tolist()
    assert parse_plain_pickle(pickle.dumps(arrays, protocol), 'x') == {
        'rows': rows,
        'columns': rows,
        'other end': rows,
        'scalar': [1.5, -3, 'ab'],
        'objects': [{'bbox': [1.0, 2.0]}, {'bbox': [3]}],
        'again': rows,
    }


def test_what_python_2_wrote() -> None:
    data = b"(lp0\n(dp1\nS'sent_ids'\np2\n(lp3\nI8\naL9L\nasS'raw'\np4\nVcaf\\u00e9\np5\nsS'x'\nF1.5\nsa."
    assert parse_plain_pickle(data, 'x') == [{'sent_ids': [8, 9], 'raw': 'café', 'x': 1.5}]


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize('kind', ['system', 'eval', 'reconstruct', 'name', 'date', 'persistent'])
def test_nothing_is_run(tmp_path: Path, protocol: int, kind: str) -> None:
    flag = tmp_path / 'ran'
    hostile: dict[str, Any] = {
        'system': Hostile(os.system, f'touch {flag}'),
        'eval': Hostile(eval, f'open({str(flag)!r}, "w")'),
        'reconstruct': Hostile(np.array([0]).__reduce__()[0], Hostile, (0,), b'b'),
        'name': os.system,
        'date': datetime.date(2020, 1, 1),
        'persistent': None,
    }
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol)
    if kind == 'persistent':
        pickler.persistent_id = lambda item: 'x' if isinstance(item, dict) else None
    pickler.dump([hostile[kind], {}])
    with pytest.raises(AnnotationError):
        parse_plain_pickle(stream.getvalue(), 'x')
    assert not flag.exists()


def test_the_message_names_file_and_cause(tmp_path: Path) -> None:
    path = tmp_path / 'refs.p'
    path.write_bytes(pickle.dumps(Hostile(os.getcwd)))
    with pytest.raises(AnnotationError, match=r'refs\.p: expected plain data, found a pickle that calls .posix getcwd'):
        read_plain_pickle(path)
    with pytest.raises(AnnotationError, match='expected a pickle file'):
        read_plain_pickle(tmp_path / 'none.p')


def test_damage_is_one_error() -> None:
    data = pickle.dumps({**PLAIN, 'array': np.arange(5), 'objects': np.array([{}, 1], dtype=object)}, 4)
    for end in range(len(data)):
        with pytest.raises(AnnotationError):
            parse_plain_pickle(data[:end], 'x')
    draw = random.Random(1)
    for _ in range(1500):
        damaged = bytearray(data)
        damaged[draw.randrange(len(data))] = draw.randrange(256)
        try:
            parse_plain_pickle(bytes(damaged), 'x')
        except AnnotationError as error:
            assert str(error).startswith('x: expected')


def test_npy_files(tmp_path: Path) -> None:
    path = tmp_path / 'x.npy'
    contents = (
        (np.array({'7': [[1, 2, 3, 4]]}, dtype=object), {'7': [[1, 2, 3, 4]]}),
        (np.array([{'a': 1}, {'b': 2}], dtype=object), [{'a': 1}, {'b': 2}]),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
    )
    for array, expected in contents:
        np.save(path, array, allow_pickle=True)
        assert read_object_array(path) == expected
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(AnnotationError, match='expected a .npy file'):
        read_object_array(path)
    path.write_bytes(b'no array at all')
    with pytest.raises(AnnotationError, match='expected a .npy file'):
        read_object_array(path)
    np.save(path, np.array([Hostile(os.getcwd)], dtype=object), allow_pickle=True)
    with pytest.raises(AnnotationError, match='getcwd'):
        read_object_array(path)
