"""Names of cut-outs."""

from __future__ import annotations

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset' / 'index_cutouts.py'


@pytest.fixture(scope='module')
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location('index_cutouts', TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ('stem', 'name'),
    [
        ('1f355', 'slice of pizza'),
        ('1f431', 'cat'),
        ('2708-fe0f', 'airplane'),
        ('1f600', None),  # a face
        ('1f1e9-1f1ea', None),  # a flag
        ('1f44d', None),  # a hand
    ],
)
def test_code_points_become_names(tool: ModuleType, stem: str, name: str | None) -> None:
    assert tool.emoji_name(stem) == name


@pytest.mark.parametrize(('given', 'name'), [('red apple', 'apple'), ('two flowers', None), ('green', 'green')])
def test_names_stay_true_after_a_recolouring(tool: ModuleType, given: str, name: str | None) -> None:
    assert tool.plain_name(given) == name


def test_the_index_is_relative_and_keeps_a_name_in_one_split(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / 'stamps' / 'food'
    folder.mkdir(parents=True)
    for stem, text in (('pear_1', 'A pear.'), ('pear_2', 'A pear.'), ('nut_photo', 'A nut that squirrels like most.')):
        Image.new('RGBA', (4, 4)).save(folder / f'{stem}.png')
        (folder / f'{stem}.txt').write_text(text)
    out = tmp_path / 'index.csv'
    monkeypatch.setattr(sys, 'argv', ['index_cutouts.py', '--stamps', str(tmp_path / 'stamps'), '--out', str(out)])
    tool.main()
    rows = list(csv.DictReader(out.open()))
    assert [row['name'] for row in rows] == ['nut', 'pear', 'pear']
    assert all((tmp_path / row['file']).is_file() and not row['file'].startswith('/') for row in rows)
    assert rows[1]['split'] == rows[2]['split']
