"""Configs of ablations that train in no time, and reports of runs that never were."""

from __future__ import annotations

import json

CONFIG = """
seed = 0
randomness = dict(seed=seed)
custom_hooks = [dict(type='NonFiniteLossHook'), dict(type='EpochSeedHook', seed=seed)]
train_cfg = dict(max_epochs=2)
score_threshold = 0.25
train_dataloader = dict(
    dataset=dict(
        type='PairMixture',
        datasets=[
            dict(type='DiffGroundDataset', data_root={root!r}, ann_file='train.jsonl'),
            dict(type='DiffGroundDataset', data_root={root!r}, ann_file='train.jsonl', seed=1),
        ],
    )
)
test_sets = [
    dict(name='photos', data_root={root!r}, ann_file='val.jsonl', pairs=5),
    dict(name='boards', data_root={root!r}, ann_file='val.jsonl'),
]
"""


def write_config(folder, name, extra=''):
    """Writes the config of an ablation, and the annotation files that it names."""
    folder.mkdir(exist_ok=True)
    for file in ('train.jsonl', 'val.jsonl'):
        (folder / file).touch()
    path = folder / f'{name}.py'
    path.write_text(CONFIG.format(root=str(folder)) + extra)
    return path


def report(one_change, none, threshold=0.25, queries=40):
    """The parts of a report that the table reads."""
    rows = [
        {'group': 'answers', 'name': 'one answer, pair of one change', 'acc50': one_change, 'none_accuracy': None},
        {'group': 'answers', 'name': 'no answer', 'acc50': None, 'none_accuracy': none},
    ]
    return {'score_threshold': threshold, 'counts': {'scored': queries}, 'rows': rows}


def write_report(path, *figures, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report(*figures, **settings)))
