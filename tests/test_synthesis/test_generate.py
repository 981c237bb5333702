"""The command that writes sets: same bytes with any number of workers, resuming, errors."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from difftracker.datasets.annotations import read_annotations
from difftracker.utils.image_io import read_image

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset' / 'generate.py'


@pytest.fixture
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location('generate', TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _arguments(recipe: Path, root: Path, out: Path, *extra: str, pairs: int = 6) -> list[str]:
    arguments = [str(recipe), '--out', str(out), '--pairs', str(pairs), '--seed', '3', '--split', 'train']
    return [*arguments, '--data-root', str(root), '--cutouts', str(root / 'cutouts' / 'index.csv'), *extra]


def _run(*arguments: str, script: Path = TOOL) -> subprocess.CompletedProcess:
    """Several workers need a process of their own, whose main module is the tool."""
    command = [sys.executable, str(script), *arguments]
    # The limit is there for a pool that hangs; a run takes seconds.
    environment = {**os.environ, 'PYTHONPATH': str(TOOL.parents[2])}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=120)


def _digest(folder: Path) -> dict[str, str]:
    files = [*folder.rglob('*.jpg'), *folder.glob('annotations/*.jsonl')]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_set_does_not_depend_on_the_workers(
    generate: ModuleType, recipe_file: Path, data_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    generate.main(_arguments(recipe_file, data_root, tmp_path / 'one', '--shard', '4'))
    assert 'changes per pair' in capsys.readouterr().out
    run = _run(*_arguments(recipe_file, data_root, tmp_path / 'two', '--workers', '2', '--shard', '2'))
    assert run.returncode == 0, run.stderr
    assert _digest(tmp_path / 'one') == _digest(tmp_path / 'two')


def test_what_is_written_is_a_valid_set(
    generate: ModuleType, recipe_file: Path, data_root: Path, tmp_path: Path
) -> None:
    generate.main(_arguments(recipe_file, data_root, tmp_path / 'set'))
    records = read_annotations(tmp_path / 'set' / 'annotations' / 'train.jsonl')
    assert [record.pair_id for record in records] == [f'toy-train-3-{index:06d}' for index in range(6)]
    for record in records:
        assert read_image(tmp_path / 'set' / record.after).shape[1::-1] == record.after_size
        assert len(record.queries) == 3
        assert record.extra['nuisance'] in ('none', 'aligned', 'hand-held')


def test_a_stopped_run_goes_on(generate: ModuleType, recipe_file: Path, data_root: Path, tmp_path: Path) -> None:
    out = tmp_path / 'set'
    arguments = _arguments(recipe_file, data_root, out, '--shard', '4')
    generate.main(arguments)
    whole = _digest(out)
    shards = sorted((out / 'annotations' / '.train_shards').iterdir())
    times = {path: path.stat().st_mtime_ns for path in out.rglob('*00000[0-3]_a.jpg')}
    shards[-1].unlink()
    (out / 'annotations' / 'train.jsonl').unlink()
    for image in out.rglob('*00000[45]_b.jpg'):
        image.unlink()
    generate.main(arguments)
    assert _digest(out) == whole
    assert len(times) == 4
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


def test_two_sets_are_not_mixed(generate: ModuleType, recipe_file: Path, data_root: Path, tmp_path: Path) -> None:
    arguments = _arguments(recipe_file, data_root, tmp_path / 'set', pairs=1)
    generate.main(arguments)
    other = json.loads(recipe_file.read_text())
    recipe_file.write_text(json.dumps({**other, 'kinds': {'add': 1.0}}))
    with pytest.raises(SystemExit, match='choose another --out'):
        generate.main(arguments)


def test_a_folder_is_free_until_its_first_shard_is_finished(
    generate: ModuleType, recipe_file: Path, data_root: Path, tmp_path: Path
) -> None:
    good = recipe_file.read_text()
    recipe_file.write_text(good.replace('coco/images', 'coco/imagse'))
    arguments = _arguments(recipe_file, data_root, tmp_path / 'set', pairs=1)
    with pytest.raises(SystemExit, match='imagse'):
        generate.main(arguments)
    recipe_file.write_text(good)
    generate.main(arguments)
    assert json.loads((tmp_path / 'set' / 'recipe_train.json').read_text())['recipe']['name'] == 'toy'
    # A finished set stays protected where its shards were thrown away.
    shutil.rmtree(tmp_path / 'set' / 'annotations' / '.train_shards')
    recipe_file.write_text(good.replace('toy', 'other'))
    with pytest.raises(SystemExit, match='choose another --out'):
        generate.main(arguments)


def test_a_set_goes_on_with_its_own_sources_only(
    generate: ModuleType, recipe_file: Path, data_root: Path, tmp_path: Path
) -> None:
    (tmp_path / 'moved').symlink_to(data_root)
    generate.main(_arguments(recipe_file, data_root, tmp_path / 'set', pairs=1))
    moved = _arguments(recipe_file, tmp_path / 'moved', tmp_path / 'set', pairs=1)
    with pytest.raises(SystemExit, match=r'recipe_train\.json: expected the sources .*moved.*give those, or choose'):
        generate.main(moved)
    record = tmp_path / 'set' / 'recipe_train.json'
    # As written before the sources were recorded.
    begun = {key: value for key, value in json.loads(record.read_text()).items() if key != 'sources'}
    record.write_text(json.dumps(begun))
    generate.main(moved)
    assert json.loads(record.read_text()) == begun


def test_a_fault_of_the_sources_ends_several_workers_too(recipe_file: Path, data_root: Path, tmp_path: Path) -> None:
    extra = ('--workers', '2', '--shard', '2', '--cutouts', str(tmp_path / 'none.csv'))
    run = _run(*_arguments(recipe_file, data_root, tmp_path / 'set', *extra))
    assert run.returncode == 1
    assert 'none.csv' in run.stderr and 'Traceback' not in run.stderr.splitlines()[-1]


def test_an_unforeseen_error_ends_several_workers_too(recipe_file: Path, data_root: Path, tmp_path: Path) -> None:
    # The workers import the main module anew, and with it what is put in the composer's place.
    script = tmp_path / 'faulty.py'
    script.write_text(
        f"""
import sys
sys.path.insert(0, {str(TOOL.parent)!r})
import generate

def build_composer(*_):
    raise KeyError('unforeseen')

generate.build_composer = build_composer
if __name__ == '__main__':
    generate.main(sys.argv[1:])
"""
    )
    arguments = _arguments(recipe_file, data_root, tmp_path / 'set', '--workers', '2', '--shard', '2')
    run = _run(*arguments, script=script)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "KeyError: 'unforeseen'" and 'faulty.py' in run.stderr


def test_a_missing_picture_is_named_with_its_pairs(
    generate: ModuleType, recipe_file: Path, data_root: Path, tmp_path: Path
) -> None:
    (tmp_path / 'gone.csv').write_text('file,name,split\ngone.png,ghost,train\n')
    arguments = _arguments(recipe_file, data_root, tmp_path / 'set', '--cutouts', str(tmp_path / 'gone.csv'))
    with pytest.raises(SystemExit, match=r'pairs 0 to 6: .*gone\.png'):
        generate.main(arguments)


@pytest.mark.parametrize(
    ('changed', 'named'),
    [
        ({'kinds': {'explode': 1.0}}, 'kinds'),
        ({'colour': 'red'}, 'colour'),
        ({'pictures': [{'type': 'coco', 'annotations': 'none.json', 'images': 'x'}]}, 'none.json'),
        ({'pictures': [{'type': 'video'}]}, 'video'),
        ({'name': 5}, 'name: expected text'),
        ({'pictures': {'type': 'coco'}}, 'pictures: expected a list of sources'),
        ({'pictures': ['coco']}, 'pictures: expected a list of sources'),
        ({'sprites': [{'type': 'cutouts', 'weight': 'much'}]}, 'sprites: expected a list of sources, their'),
        ({'kinds': ['add']}, 'kinds: expected weights of .*found'),
        ({'kinds': {'add': '1'}}, 'kinds: expected weights of'),
        ({'nuisance': {'none': float('nan')}}, 'nuisance: expected weights of'),
        ({'dressing': 3}, 'dressing: expected .smallest, largest.'),
        ({'decoys': [0, 1.5]}, 'decoys: expected .smallest, largest.'),
        ({'long_side': '280'}, 'long_side: expected 64 to 4096 px'),
        ({'queries': None}, 'queries: expected a number'),
        ({'nuisance_strength': '1'}, 'nuisance_strength: expected a number'),
        ({'license': ['MIT']}, 'license: expected text or null'),
    ],
)
def test_a_bad_recipe_is_named(
    changed: dict, named: str, generate: ModuleType, recipe_file: Path, data_root: Path, tmp_path: Path
) -> None:
    recipe_file.write_text(json.dumps({**json.loads(recipe_file.read_text()), **changed}))
    with pytest.raises(SystemExit, match=named):
        generate.main(_arguments(recipe_file, data_root, tmp_path / 'set'))
