from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.test_apis.conftest import pair, stub, weights  # noqa: F401  (fixtures)

SCRIPT = Path(__file__).parents[2] / 'demo' / 'image_pair_demo.py'


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    spec = importlib.util.spec_from_file_location('image_pair_demo', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, 'argv', [str(SCRIPT), *map(str, arguments)])
    return module.main()


def test_all_samples(stub, weights, tmp_path, monkeypatch, capsys):  # noqa: F811
    assert run(monkeypatch, '--samples', '--checkpoint', weights, '--out-dir', tmp_path / 'out') == 0
    printed = capsys.readouterr().out
    pictures = sorted((tmp_path / 'out').iterdir())
    assert len(pictures) > 30
    assert all(str(picture) in printed for picture in pictures)
    assert Image.open(tmp_path / 'out' / 'contact_sheet.jpg').width > 1500


def test_own_pair(stub, weights, pair, tmp_path, monkeypatch, capsys):  # noqa: F811
    paths = [tmp_path / 'b.png', tmp_path / 'a.png']
    for path, image in zip(paths, pair):
        Image.fromarray(image).save(path)
    assert run(monkeypatch, *paths, 'gone', '--checkpoint', weights, '--out-dir', tmp_path / 'out') == 0
    assert (tmp_path / 'out' / 'b_a_gone.png').is_file()


def test_bad_input_is_told_in_one_line(monkeypatch, tmp_path, capsys):
    assert run(monkeypatch, tmp_path / 'no.png', tmp_path / 'no.png', 'gone') == 2
    assert 'no.png' in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(monkeypatch, 'only-one.png')
