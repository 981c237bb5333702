"""Scoring of files: the report, and clear errors with file and line."""

from __future__ import annotations

import json

import pytest

from difftracker.errors import AnnotationError
from difftracker.evaluation import evaluate_files
from tests.test_datasets.pair_set_factory import pair, write_set

GOOD = {'pair_id': 'p0', 'query_id': 'q0', 'boxes': [[4, 4, 12, 14]], 'scores': [0.4]}


@pytest.fixture()
def ann_file(tmp_path):
    return write_set(tmp_path, [pair(0)], pictures=False)


def write(tmp_path, *items):
    path = tmp_path / 'predictions.jsonl'
    path.write_text(''.join((item if isinstance(item, str) else json.dumps(item)) + '\n' for item in items))
    return path


def test_report(ann_file, tmp_path):
    path = write(tmp_path, GOOD)
    report = evaluate_files(ann_file, path)
    assert report['counts']['missing_predictions'] == 2
    assert report['summary']['acc50_single'] == 1
    assert evaluate_files(ann_file, path, score_threshold=0.5)['summary']['acc50_single'] == 0


@pytest.mark.parametrize(
    ('second', 'words'),
    [
        (GOOD, 'expected one prediction per query'),
        ({**GOOD, 'pair_id': 'p7'}, "found 'p7'"),
        ({**GOOD, 'query_id': 'q7'}, "found 'q7'"),
        ({**GOOD, 'query_id': 'q1', 'scores': []}, 'one length'),
        ('{"pair_id"', 'JSON'),
    ],
)
def test_faults_carry_file_and_line(ann_file, tmp_path, second, words):
    path = write(tmp_path, GOOD, second)
    with pytest.raises(AnnotationError, match=words) as caught:
        evaluate_files(ann_file, path)
    assert str(caught.value).startswith(f'{path}:2: ')


def test_missing_files(ann_file, tmp_path):
    with pytest.raises(AnnotationError, match=r'no\.jsonl'):
        evaluate_files(ann_file, tmp_path / 'no.jsonl')
    with pytest.raises(AnnotationError, match=r'no\.jsonl'):
        evaluate_files(tmp_path / 'no.jsonl', write(tmp_path))
