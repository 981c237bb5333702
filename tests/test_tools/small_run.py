"""A short run of training on drawn rectangles."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tests.test_datasets.pair_set_factory import change, pair, write_set

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / 'configs/difftracker/difftracker-lite_cpu_mixture.py'
COLOURS = {'red': (220, 30, 30), 'green': (30, 180, 60), 'blue': (40, 60, 220), 'yellow': (230, 210, 40)}
# The shipped settings at a size that two cores train in seconds.
SMALL = """
_base_ = [{shipped!r}]
load_step = dict(type='LoadImagePair')
region_step = dict(type='FindDifferingRegions')
resize_step = dict(type='PairResize', scale=(64, 64))
pack_step = dict(type='PackPairInputs')
train_pipeline = [
    load_step,
    region_step,
    resize_step,
    dict(type='PairRandomFlip', prob=0.5),
    dict(type='PairRandomAffine', scale=(0.9, 1.15), translate=0.03, prob=0.5),
    dict(type='PairPhotometric', prob=0.4),
    pack_step,
]
drawn = dict(type='DiffGroundDataset', pipeline=train_pipeline, kinds={{{{_base_.kinds}}}}, queries_per_pair=2,
              data_root={root!r}, ann_file='annotations/train.jsonl')
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(_delete_=True, type='PairMixture', datasets=[drawn], samples_per_epoch=6),
)
val_dataloader = dict(
    num_workers=0, dataset=dict(pipeline=[load_step, region_step, resize_step, pack_step], data_root={root!r})
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
    """Two coloured rectangles, of which the second picture lacks one; none in every fifth pair."""
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


def train(*arguments, cwd):
    """Runs tools/train.py on one thread, so that sums are always taken in one order."""
    environment = {**os.environ, 'OMP_NUM_THREADS': '1', 'HF_HUB_OFFLINE': '1', 'CUDA_VISIBLE_DEVICES': ''}
    command = [sys.executable, str(ROOT / 'tools/train.py'), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False)


def prepare(root):
    """Draws the pictures of both splits and writes the config; returns its path."""
    (root / 'images').mkdir()
    for name, count in (('train', 8), ('val', 3)):
        write_set(root, [drawn_pair(root, number, name) for number in range(count)], name, pictures=False)
    config = root / 'small.py'
    config.write_text(SMALL.format(shipped=str(SHIPPED), root=f'{root}/'))
    return config
