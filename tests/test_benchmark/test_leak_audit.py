"""Planted traces are found, each by its statistic; where decoys bear the same trace, nothing is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from difftracker.benchmark.leak_audit import area_under_curve, audit
from difftracker.benchmark.region_statistics import STATISTICS
from difftracker.datasets.annotations import read_annotations
from difftracker.errors import ConfigError
from difftracker.utils.files import write_jsonl
from difftracker.utils.image_io import write_image
from tools.dataset import audit_leaks

CHANGED, DECOY, OBJECT = (20, 30, 68, 78), (110, 90, 158, 138), (20, 110, 68, 158)
SIZE = 176


def smooth(image: np.ndarray, box: tuple) -> None:
    x1, y1, x2, y2 = box
    image[y1:y2, x1:x2] = cv2.GaussianBlur(image[y1:y2, x1:x2], (0, 0), 1.5)


def frame(image: np.ndarray, box: tuple) -> None:
    cv2.rectangle(image, box[:2], (box[2] - 1, box[3] - 1), (255, 255, 255), 1)


def copy_here(image: np.ndarray, box: tuple) -> None:
    x1, y1, x2, y2 = box
    image[y1:y2, x1:x2] = image[: y2 - y1, 90 : 90 + x2 - x1]


def redden(image: np.ndarray, box: tuple) -> None:
    x1, y1, x2, y2 = box
    image[y1:y2, x1:x2, 0] = np.clip(image[y1:y2, x1:x2, 0].astype(int) + 90, 0, 255)


def block(image: np.ndarray, box: tuple) -> None:
    x1, y1, x2, y2 = (value // 8 * 8 for value in box)
    part = image[y1:y2, x1:x2]
    small = cv2.resize(part, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(small, part.shape[1::-1], interpolation=cv2.INTER_NEAREST) // 2 + part // 2


def make_set(folder: Path, edit: Callable, decoys_too: bool, pairs: int = 24) -> Path:
    """Pairs of grainy pictures; the change bears the trace, and the decoy if asked for."""
    records = []
    for number in range(pairs):
        rng = np.random.default_rng(number)
        coarse = cv2.resize(rng.uniform(60, 180, (12, 12, 3)), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
        image = np.clip(coarse + rng.normal(0, 6, (SIZE, SIZE, 1)), 0, 255).astype(np.uint8)
        edit(image, CHANGED)
        if decoys_too:
            edit(image, DECOY)
        write_image(folder / f'images/{number}.png', image)
        change = {'change_id': 0, 'type': 'add', 'before_box': list(CHANGED), 'after_box': list(CHANGED)}
        decoy = {'kind': 'pasted', 'image': 'both', 'before_box': None, 'after_box': list(DECOY)}
        unseen = {'kind': 're-pasted', 'image': 'before', 'before_box': list(CHANGED), 'after_box': list(CHANGED)}
        records.append(
            {'pair_id': str(number), 'before': f'images/{number}.png', 'after': f'images/{number}.png',
             'before_size': [SIZE, SIZE], 'after_size': [SIZE, SIZE], 'changes': [change], 'queries': [],
             'decoys': [decoy, unseen],
             'scene': {'context': [{'label': 'cup', 'box': list(box)} for box in (OBJECT, DECOY)]}}
        )  # fmt: skip
    return write_jsonl(folder / 'annotations' / 'test.jsonl', records)


PLANTED = [(smooth, 'noise'), (smooth, 'sharpness'), (frame, 'seam'), (copy_here, 'copy'), (redden, 'colour'),
           (block, 'blocks')]  # fmt: skip


@pytest.mark.parametrize(('edit', 'statistic'), PLANTED, ids=[name for _, name in PLANTED])
def test_a_planted_trace_is_found(edit: Callable, statistic: str, tmp_path: Path) -> None:
    path = make_set(tmp_path, edit, decoys_too=False)
    comparisons = audit(read_annotations(path), tmp_path)['comparisons']
    for name in ('put in / pasted decoys', 'put in / unedited objects', 'all changes / unedited places'):
        assert abs(comparisons[name][statistic]['auc'] - 0.5) > 0.45
    assert comparisons['taken out / filled decoys'][statistic] == {'auc': None, 'interval': None}


@pytest.mark.parametrize('edit', [smooth, frame, redden, block])
def test_decoys_hide_it(edit: Callable, tmp_path: Path) -> None:
    report = audit(read_annotations(make_set(tmp_path, edit, decoys_too=True)), tmp_path)
    # A decoy in the before image alone leaves no trace in the after image and takes no part.
    assert report['regions'] == {'add': 24, 'pasted': 24, 'object': 24, 'place': 24}
    row = report['comparisons']['all changes / decoys']
    assert (row['changed'], row['other']) == (24, 24)
    low, high = np.array([row[name]['interval'] for name in STATISTICS]).T
    assert np.all(low < high) and np.sum((low > 0.5) | (high < 0.5)) <= 1


def test_area_under_curve_is_the_share_of_ordered_pairs() -> None:
    rng = np.random.default_rng(3)
    values, positive = rng.integers(0, 6, (40, 3)).astype(float), rng.random(40) < 0.4
    expected = [
        np.mean([(p > n) + (p == n) / 2 for p in column[positive] for n in column[~positive]]) for column in values.T
    ]
    assert area_under_curve(values, positive) == pytest.approx(expected)


def test_the_tool_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = make_set(tmp_path, smooth, decoys_too=False, pairs=6)
    assert audit_leaks.main([str(path), '--json', str(tmp_path / 'audit.json')]) == 0
    assert 'taken out / filled decoys' in capsys.readouterr().out
    assert json.loads((tmp_path / 'audit.json').read_text())['pairs'] == 6


def test_a_set_without_decoys_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    path = make_set(tmp_path, smooth, decoys_too=False, pairs=2)
    records = [json.loads(line) for line in path.read_text().splitlines()]
    write_jsonl(path, [{key: value for key, value in record.items() if key != 'decoys'} for record in records])
    with pytest.raises(ConfigError, match='decoys'):
        audit(read_annotations(path), tmp_path)
    assert audit_leaks.main([str(path)]) == 1
    assert 'decoys' in capsys.readouterr().err
