"""Training as a user calls it: a short run on drawn rectangles, killed and resumed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image, ImageDraw

from tests.test_datasets.pair_set_factory import change, pair, write_set

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / 'configs/difftracker/difftracker-lite_cpu_mixture.py'
COLOURS = {'red': (220, 30, 30), 'green': (30, 180, 60), 'blue': (40, 60, 220), 'yellow': (230, 210, 40)}
# The shipped settings at a size that two cores train in seconds.
SMALL = """
_base_ = [{shipped!r}]
load_step = dict(type='LoadImagePair')
resize_step = dict(type='PairResize', scale=(64, 64))
pack_step = dict(type='PackPairInputs')
train_pipeline = [
    load_step,
    resize_step,
    dict(type='PairRandomFlip', prob=0.5),
    dict(type='PairRandomAffine', scale=(0.9, 1.15), translate=0.03, prob=0.5),
    dict(type='PairPhotometric', prob=0.4),
    pack_step,
]
boards = dict(type='DiffGroundDataset', pipeline=train_pipeline, kinds={{{{_base_.kinds}}}}, queries_per_pair=2,
              data_root={root!r}, ann_file='annotations/train.jsonl')
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(_delete_=True, type='PairMixture', datasets=[boards], samples_per_epoch=6),
)
val_dataloader = dict(
    num_workers=0, dataset=dict(pipeline=[load_step, resize_step, pack_step], data_root={root!r})
)
val_evaluator = dict(data_root={root!r})
test_dataloader = val_dataloader
test_evaluator = val_evaluator
model = dict(decoder=dict(num_queries=6, num_layers=3), head=dict(num_layers=3))
train_cfg = dict(max_epochs=2, val_interval=1)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=2),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=0, end=2, eta_min_ratio=0.01, convert_to_iter_based=True),
]
"""


def drawn_pair(root, number, name):
    """Two coloured rectangles, of which the second picture lacks one; an empty number of changes in every fifth."""
    rng = np.random.default_rng(number)
    words = list(rng.permutation(list(COLOURS))[:2])
    boxes = [(8, 10, 34, 40), (50, 20, 84, 60)]
    for side, count in (('a', 2), ('b', 2 if number % 5 == 4 else 1)):
        picture = Image.new('RGB', (96, 72), (120, 120, 120))
        for word, box in list(zip(words, boxes, strict=True))[:count]:
            ImageDraw.Draw(picture).rectangle(box, fill=COLOURS[word])
        picture.save(root / f'images/{name}{number}_{side}.png')
    changes = [] if number % 5 == 4 else [change(0, 'remove', boxes[1], boxes[1])]
    asked = [
        (f'which {words[1]} rectangle has gone?', 'remove', True),
        ('find everything that differs between the two pictures', 'all', True),
        (f'has the {words[0]} one on the left been taken away?', 'none', False),
    ]
    queries = [
        {'query_id': f'q{place}', 'text': text, 'subset': subset, 'answers': [0] if changes and wanted else []}
        for place, (text, subset, wanted) in enumerate(asked)
        if changes or not wanted
    ]
    item = pair(number, changes, queries, (96, 72))
    return {**item, 'before': f'images/{name}{number}_a.png', 'after': f'images/{name}{number}_b.png'}


def run(*arguments, cwd):
    """Runs tools/train.py on one thread, so that sums are always taken in one order."""
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'HF_HUB_OFFLINE': '1', 'CUDA_VISIBLE_DEVICES': ''}
    command = [sys.executable, str(ROOT / 'tools/train.py'), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
    """Folder of an uninterrupted run of two epochs, and its config."""
    root = tmp_path_factory.mktemp('rectangles')
    (root / 'images').mkdir()
    for name, count in (('train', 8), ('val', 3)):
        write_set(root, [drawn_pair(root, number, name) for number in range(count)], name, pictures=False)
    config = root / 'small.py'
    config.write_text(SMALL.format(shipped=str(SHIPPED), root=f'{root}/'))
    done = run(config, '--work-dir', root / 'whole', cwd=root)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return root / 'whole', config


def checkpoint(path):
    return torch.load(path, map_location='cpu', weights_only=False)


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
    assert not [name for name in differing if name.startswith('backbone.backbone')]


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
    done = run(config, '--work-dir', folder, *arguments, cwd=whole.parent)
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
    from mmengine.runner import Runner

    from tools import train

    whole, config = trained
    seen = []
    monkeypatch.setattr(Runner, 'from_cfg', lambda cfg: (seen.append(cfg), Runner.__new__(Runner))[1])
    monkeypatch.setattr(Runner, 'train', lambda self: None)
    monkeypatch.chdir(whole.parent)
    for extra in (
        [],
        ['--amp', '--resume', '--cfg-options', 'optim_wrapper.optimizer.lr=0.5', 'model.blank_text=True'],
        ['--resume', 'some.pth', '--work-dir', 'elsewhere'],
    ):
        monkeypatch.setattr(sys, 'argv', ['train.py', str(config), *extra])
        train.main()
    plain, options, named = seen
    assert plain.work_dir == str(Path('work_dirs/small')) and not plain.resume
    assert options.optim_wrapper.type == 'Bf16OptimWrapper' and options.optim_wrapper.optimizer.lr == 0.5
    assert options.model.blank_text is True
    assert options.resume is True and options.load_from is None
    assert named.resume is True and named.load_from == 'some.pth' and named.work_dir == 'elsewhere'


def test_broken_annotations_stop_the_start(trained, tmp_path):
    _, config = trained
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations/train.jsonl').write_text('{"pair_id": "p"}\n')
    options = ['--cfg-options', f'train_dataloader.dataset.datasets.0.data_root={tmp_path}/']
    done = run(config, '--work-dir', tmp_path / 'work', *options, cwd=tmp_path)
    assert done.returncode != 0
    assert 'train.jsonl:1: ' in done.stderr


@pytest.mark.parametrize('path', sorted((ROOT / 'configs').glob('difftracker/*.py')), ids=lambda path: path.stem)
def test_shipped_configs_can_be_read(path):
    config = Config.fromfile(path)
    assert config.model.type == 'DiffTracker'
    kinds = tuple(config.model.head.kinds)
    assert kinds == tuple(config.kinds) == tuple(config.test_dataloader.dataset.kinds)
    assert config.model.head.num_layers == config.model.decoder.num_layers
    hooks = {hook.type for hook in config.custom_hooks}
    assert {'EpochSeedHook', 'NonFiniteLossHook'} <= hooks
