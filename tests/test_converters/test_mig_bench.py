"""MIG-Bench."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from difftracker.converters.mig_bench import MigBench
from difftracker.errors import AnnotationError
from tests.test_converters.converted import asked, boxes, convert
from tests.test_converters.small_pictures import noise, save

QUESTION = 'Compare these two images carefully and give me the coordinates of their difference. '


def item(task: str, names: list[str], answer: list[float]) -> dict:
    """An item as `MIG_data.json` has them."""
    images = [f'./MIG-Bench/images/{name}' for name in names]
    return {
        'task': task,
        'images': images,
        'question': QUESTION,
        'answer': answer,
        'additional_info': '',
        'need_format': True,
    }


def write_mig_bench(root: Path) -> Path:
    """The folder with the data file; the second photograph of the last item lies on its side."""
    names = ['static_diff/1_source.png', 'static_diff/1_target.png', 'view_diff/DSC_1.jpg', 'view_diff/DSC_2.jpg']
    for seed, name in enumerate(names):
        save(root / 'images' / name, noise(100, 50, seed), 6 if name.endswith('2.jpg') else None)
    save(root / 'images' / 'static_diff' / '1_target.png', noise(200, 100, 1))
    items = [
        item('reasoning', names[:2], [0.1, 0.1, 0.2, 0.2]),
        item('diff', names[:2], [0.0, 0.47, 0.998, 0.998]),
        item('view_diff', names[2:], [0.1, 0.2, 0.3, 0.6]),
    ]
    (root / 'MIG_data.json').write_text(json.dumps(items))
    return root


def test_difference_items(tmp_path: Path) -> None:
    _, records = convert(MigBench(write_mig_bench(tmp_path / 'MIG-Bench')), tmp_path / 'out')
    pairs = records['test']
    assert list(pairs) == ['mig-bench-diff-0001', 'mig-bench-view_diff-0002']
    static = pairs['mig-bench-diff-0001']
    assert boxes(static.changes) == [('change', (0, 23.5, 99.8, 49.9), (0, 47, 199.6, 99.8))]
    assert asked(static) == [(QUESTION, 'change', (0,))]
    # Stored pixels (10, 10) to (30, 30) of 100 x 50, turned by a quarter clockwise.
    moved = pairs['mig-bench-view_diff-0002']
    assert boxes(moved.changes) == [('change', None, (20, 10, 40, 30))]
    assert moved.after_size == (50, 100)
    assert moved.changes[0].extra == {'before_box_unknown': True}


def test_broken_input(tmp_path: Path) -> None:
    root = write_mig_bench(tmp_path / 'set')
    items = json.loads((root / 'MIG_data.json').read_text())
    items[1]['answer'] = [0.5, 0.5, 0.5, 0.9]
    items[2]['images'].append('./MIG-Bench/images/third.png')
    (root / 'MIG_data.json').write_text(json.dumps(items))
    report, records = convert(MigBench(root), tmp_path / 'out')
    assert len(report.broken) == 2 and records == {}
    assert 'expected a box with an area' in report.broken[0][2] and 'expected two images' in report.broken[1][2]
    (root / 'MIG_data.json').write_text('not JSON')
    with pytest.raises(AnnotationError, match='expected JSON in UTF-8'):
        MigBench(root).items('test')
