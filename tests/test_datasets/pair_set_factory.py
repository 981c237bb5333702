"""Makes small data sets for tests."""

from __future__ import annotations

import json

import numpy as np
from PIL import Image


def change(change_id, kind='remove', before=(4, 4, 12, 14), after=(4, 4, 12, 14)):
    return {
        'change_id': change_id,
        'type': kind,
        'before_box': before and list(before),
        'after_box': after and list(after),
    }


def pair(number, changes=None, queries=None, size=(40, 30), **extra):
    changes = [change(0), change(1, 'add', (20, 10, 36, 28), (20, 10, 36, 28))] if changes is None else changes
    if queries is None:
        queries = [
            {'query_id': 'q0', 'text': 'What left the left side?', 'subset': 'remove', 'answers': [0]},
            {'query_id': 'q1', 'text': 'find all', 'subset': 'all', 'answers': [0, 1]},
            {'query_id': 'q2', 'text': 'did a dog come?', 'subset': 'none', 'answers': []},
        ]
    return {
        'pair_id': f'p{number}',
        'before': f'images/{number}_a.png',
        'after': f'images/{number}_b.png',
        'before_size': list(size),
        'after_size': list(size),
        'changes': changes,
        'queries': queries,
        **extra,
    }


def write_set(root, pairs, name='train', pictures=True):
    (root / 'annotations').mkdir(parents=True, exist_ok=True)
    (root / 'images').mkdir(exist_ok=True)
    path = root / 'annotations' / f'{name}.jsonl'
    path.write_text(''.join(json.dumps(item) + '\n' for item in pairs), encoding='utf-8')
    for item in pairs if pictures else []:
        for side in ('before', 'after'):
            width, height = item[f'{side}_size']
            rng = np.random.default_rng(list(f'{name}{item[side]}'.encode()))
            Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8)).save(root / item[side])
    return path
