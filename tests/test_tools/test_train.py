"""Training as a user calls it: a short run on drawn rectangles, killed and resumed."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from difftracker.utils.safe_globals import allow_history_buffers
from tests.test_tools.small_run import ROOT, train
from tools import train as tool


def checkpoint(path):
    allow_history_buffers()
    return torch.load(path, map_location='cpu', weights_only=True)


def assert_equal_states(first, second):
    assert set(first) == set(second)
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def scalars(folder):
    texts = [path.read_text() for path in folder.glob('*/vis_data/scalars.json')]
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    return [line for line in lines if 'loss' in line], [line for line in lines if 'diffground/score' in line]


def test_trains_validates_and_saves(trained):
    folder, _ = trained
    assert {path.name for path in folder.glob('epoch_*.pth')} == {'epoch_1.pth', 'epoch_2.pth'}
    assert list(folder.glob('best_diffground_score_epoch_*.pth'))
    _, scores = scalars(folder)
    assert len(scores) == 2
    assert all(0 <= line['diffground/score'] <= 1 for line in scores)
    log = next(folder.glob('*/*.log')).read_text()
    assert 'Acc@0.5' in log
    assert re.search(r'Epoch\(val\) +\[2\]', log)


def test_the_checkpoint_is_light_and_complete(trained):
    folder, _ = trained
    state = checkpoint(folder / 'epoch_2.pth')
    assert not [name for name in state['state_dict'] if 'embeddings' in name]
    assert all(value.isfinite().all() for value in state['state_dict'].values())
    # What is saved as the weights is the average; the raw weights lie beside it.
    raw = {name.removeprefix('module.'): value for name, value in state['ema_state_dict'].items() if name != 'steps'}
    differing = [name for name, value in state['state_dict'].items() if not torch.equal(value, raw[name])]
    assert any(name.startswith('decoder') for name in differing)


def test_weights_moved(trained):
    folder, _ = trained
    first, second = (checkpoint(folder / f'epoch_{epoch}.pth')['state_dict'] for epoch in (1, 2))
    moved = {name.split('.')[0] for name in first if not torch.equal(first[name], second[name])}
    assert moved == {'backbone', 'text_encoder', 'neck', 'dense_head', 'decoder', 'head'}


@pytest.mark.parametrize('how', ['auto', 'named'])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(trained, how):
    whole, config = trained
    folder = whole.parent / f'resumed_{how}'
    folder.mkdir()
    arguments = ['--resume', whole / 'epoch_1.pth']
    if how == 'auto':
        # What the folder held when the run was killed in its second epoch.
        shutil.copy(whole / 'epoch_1.pth', folder)
        (folder / 'last_checkpoint').write_text(str(folder / 'epoch_1.pth'))
        arguments = ['--resume']
    done = train(config, '--work-dir', folder, *arguments, cwd=whole.parent)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    first, second = checkpoint(whole / 'epoch_2.pth'), checkpoint(folder / 'epoch_2.pth')
    assert_equal_states(first['state_dict'], second['state_dict'])
    assert_equal_states(first['ema_state_dict'], second['ema_state_dict'])
    assert first['meta']['iter'] == second['meta']['iter'] == 6
    # The second epoch was trained anew and not read from the other run.
    assert not (folder / 'epoch_1.pth').exists() or how == 'auto'
    assert scalars(folder)[1][-1] == {**scalars(whole)[1][-1], **_times(scalars(folder)[1][-1])}


def _times(line):
    return {name: value for name, value in line.items() if 'time' in name}


def test_options(trained, monkeypatch):
    """The command line reaches the config; nothing is trained here."""
    whole, config = trained
    seen = []
    monkeypatch.setattr(Runner, 'from_cfg', lambda cfg: (seen.append(cfg), Runner.__new__(Runner))[1])
    monkeypatch.setattr(Runner, 'train', lambda self: None)
    monkeypatch.chdir(whole.parent)
    for extra in (
        [],
        ['--amp', '--resume', '--cfg-options', 'optim_wrapper.optimizer.lr=0.5', 'model.blank_text=True'],
        ['--resume', 'some.pth', '--work-dir', 'elsewhere'],
        ['--resume', '--work-dir', str(whole), '--cfg-options', 'load_from=start.safetensors'],
        ['--resume', '--cfg-options', 'load_from=start.safetensors', '--seed', '7'],
    ):
        monkeypatch.setattr(sys, 'argv', ['train.py', str(config), *extra])
        assert tool.main() == 0
    plain, options, named, going_on, starting = seen
    assert plain.work_dir == str(Path('work_dirs/small')) and not plain.resume
    assert options.optim_wrapper.type == 'Bf16OptimWrapper' and options.optim_wrapper.optimizer.lr == 0.5
    assert options.model.blank_text is True
    assert not options.resume and options.load_from is None
    assert going_on.resume is True and going_on.load_from is None
    # Nothing to go on with: the weights to start from are not forgotten.
    assert not starting.resume and starting.load_from == 'start.safetensors'
    seeds = [dataset.get('seed', 0) for dataset in plain.train_dataloader.dataset.datasets]
    assert starting.randomness.seed == starting.train_dataloader.dataset.seed == 7
    assert [hook.seed for hook in starting.custom_hooks if hook.type == 'EpochSeedHook'] == [7]
    assert [dataset.seed for dataset in starting.train_dataloader.dataset.datasets] == [seed + 7000 for seed in seeds]
    assert named.resume is True and named.load_from == 'some.pth' and named.work_dir == 'elsewhere'


def test_broken_annotations_stop_the_start(trained, tmp_path, monkeypatch, capsys):
    _, config = trained
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations/train.jsonl').write_text('{"pair_id": "p"}\n')
    options = ['--cfg-options', f'train_dataloader.dataset.datasets.0.data_root={tmp_path}/']
    monkeypatch.setattr(sys, 'argv', ['train.py', str(config), '--work-dir', str(tmp_path / 'work'), *options])
    assert tool.main() == 1
    assert 'train.jsonl:1: ' in capsys.readouterr().err
    assert not list((tmp_path / 'work').glob('*.pth'))


@pytest.mark.parametrize('path', sorted((ROOT / 'configs').glob('difftracker/*.py')), ids=lambda path: path.stem)
def test_shipped_configs_can_be_read(path):
    config = Config.fromfile(path)
    assert config.model.type == 'DiffTracker'
    kinds = tuple(config.model.head.kinds)
    assert kinds == tuple(config.kinds) == tuple(config.test_dataloader.dataset.kinds)
    assert config.model.head.num_layers == config.model.decoder.num_layers
    hooks = {hook.type for hook in config.custom_hooks}
    assert {'EpochSeedHook', 'NonFiniteLossHook'} <= hooks


def test_weights_without_a_state_are_not_resumed(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['train.py', 'config.py', '--resume', 'lite.safetensors'])
    with pytest.raises(SystemExit):
        tool.parse_args()
    assert 'expected a .pth checkpoint, found lite.safetensors' in capsys.readouterr().err


def test_a_missing_config(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['train.py', str(tmp_path / 'no.py')])
    assert tool.main() == 1
    errors = capsys.readouterr().err
    assert str(tmp_path / 'no.py') in errors and errors.count('\n') == 1
