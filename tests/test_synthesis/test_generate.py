"""The command that writes sets: same bytes with any number of workers, resuming, errors."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from difftracker.datasets.annotations import read_annotations
from difftracker.utils.image_io import read_image

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset' / 'generate.py'


def _run(recipe: Path, root: Path, out: Path, *extra: str, pairs: int = 6) -> subprocess.CompletedProcess:
    command = [sys.executable, str(TOOL), str(recipe), '--out', str(out), '--pairs', str(pairs), '--seed', '3']
    command += ['--split', 'train', '--data-root', str(root), '--cutouts', str(root / 'cutouts' / 'index.csv'), *extra]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOOL.parents[2])


def _digest(folder: Path) -> dict[str, str]:
    files = [*folder.rglob('*.jpg'), *folder.glob('annotations/*.jsonl')]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_set_does_not_depend_on_the_workers(recipe_file: Path, data_root: Path, tmp_path: Path) -> None:
    runs = [
        _run(recipe_file, data_root, tmp_path / name, '--workers', workers, '--shard', '2')
        for name, workers in (('one', '1'), ('two', '2'))
    ]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr + runs[1].stderr
    assert _digest(tmp_path / 'one') == _digest(tmp_path / 'two')
    assert 'changes per pair' in runs[0].stdout


def test_what_is_written_is_a_valid_set(recipe_file: Path, data_root: Path, tmp_path: Path) -> None:
    assert _run(recipe_file, data_root, tmp_path / 'set').returncode == 0
    records = read_annotations(tmp_path / 'set' / 'annotations' / 'train.jsonl')
    assert [record.pair_id for record in records] == [f'toy-train-3-{index:06d}' for index in range(6)]
    for record in records:
        assert read_image(tmp_path / 'set' / record.after).shape[1::-1] == record.after_size
        assert len(record.queries) == 3
        assert record.extra['nuisance'] in ('none', 'aligned', 'hand-held')


def test_a_stopped_run_goes_on(recipe_file: Path, data_root: Path, tmp_path: Path) -> None:
    out = tmp_path / 'set'
    assert _run(recipe_file, data_root, out, '--shard', '4').returncode == 0
    whole = _digest(out)
    shards = sorted((out / 'annotations' / '.train_shards').iterdir())
    times = {path: path.stat().st_mtime_ns for path in out.rglob('*00000[0-3]_a.jpg')}
    shards[-1].unlink()
    (out / 'annotations' / 'train.jsonl').unlink()
    for image in out.rglob('*00000[45]_b.jpg'):
        image.unlink()
    assert _run(recipe_file, data_root, out, '--shard', '4').returncode == 0
    assert _digest(out) == whole
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


def test_two_sets_are_not_mixed(recipe_file: Path, data_root: Path, tmp_path: Path) -> None:
    assert _run(recipe_file, data_root, tmp_path / 'set', pairs=1).returncode == 0
    other = json.loads(recipe_file.read_text())
    recipe_file.write_text(json.dumps({**other, 'kinds': {'add': 1.0}}))
    run = _run(recipe_file, data_root, tmp_path / 'set', pairs=1)
    assert run.returncode != 0
    assert 'choose another --out' in run.stderr


def test_a_fault_of_the_sources_ends_several_workers_too(recipe_file: Path, data_root: Path, tmp_path: Path) -> None:
    (tmp_path / 'gone.csv').write_text('file,name,split\ngone.png,ghost,train\n')
    for cutouts, named in ((tmp_path / 'none.csv', 'none.csv'), (tmp_path / 'gone.csv', 'gone.png')):
        extra = ('--workers', '2', '--shard', '2', '--cutouts', str(cutouts))
        run = _run(recipe_file, data_root, tmp_path / 'set', *extra)
        assert run.returncode == 1
        assert named in run.stderr


@pytest.mark.parametrize(
    ('changed', 'named'),
    [
        ({'kinds': {'explode': 1.0}}, 'kinds'),
        ({'colour': 'red'}, 'colour'),
        ({'pictures': [{'type': 'coco', 'annotations': 'none.json', 'images': 'x'}]}, 'none.json'),
        ({'pictures': [{'type': 'video'}]}, 'video'),
    ],
)
def test_a_bad_recipe_is_named(changed: dict, named: str, recipe_file: Path, data_root: Path, tmp_path: Path) -> None:
    recipe_file.write_text(json.dumps({**json.loads(recipe_file.read_text()), **changed}))
    run = _run(recipe_file, data_root, tmp_path / 'set')
    assert run.returncode != 0
    assert named in run.stderr
    assert 'Traceback' not in run.stderr
