"""The metric as mmengine's evaluator drives it."""

from __future__ import annotations

import json

import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData

from difftracker.errors import ConfigError
from difftracker.evaluation import evaluate_files
from difftracker.evaluation.metrics import DiffGroundMetric
from difftracker.structures.pair_data_sample import PairDataSample
from tests.test_datasets.pair_set_factory import pair, write_set


def predicted(pair_id, query_ids, boxes, scores):
    sample = PairDataSample(metainfo={'pair_id': pair_id, 'query_ids': query_ids})
    sample.pred_queries = [
        InstanceData(
            metainfo={'no_change_score': 0.25},
            boxes=torch.tensor(box).reshape(-1, 4).float(),
            before_boxes=torch.tensor(box).reshape(-1, 4).float(),
            scores=torch.tensor(score),
            kinds=torch.zeros(len(score), dtype=torch.long),
        )
        for box, score in zip(boxes, scores, strict=True)
    ]
    return sample


@pytest.fixture()
def ann_file(tmp_path):
    return write_set(tmp_path, [pair(0), pair(1)], pictures=False)


def run(metric, samples):
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = {'kinds': ('remove', 'add')}
    evaluator.process(data_samples=samples, data_batch=None)
    return evaluator.evaluate(len(samples))


def test_swapped_pairs_are_scored_in_their_own_frames(tmp_path):
    """A thing that moved from one corner to the other: of the exchanged pair the right answer is where it came from."""
    old, new = [2.0, 2, 12, 12], [30.0, 20, 40, 30]
    record = pair(0)
    record['changes'] = [{'change_id': 0, 'type': 'move', 'before_box': old, 'after_box': new}]
    record['queries'] = [{'query_id': 'q0', 'text': 'what moved?', 'subset': 'move', 'answers': [0]}]
    write_set(tmp_path, [record], pictures=False)
    for swapped, box in ((False, new), (True, old)):
        metric = DiffGroundMetric('annotations/train.jsonl', str(tmp_path), swapped=swapped)
        assert run(metric, [predicted('p0', ['q0'], [[box]], [[0.9]])])['diffground/acc50_single'] == 1
        assert (
            run(metric, [predicted('p0', ['q0'], [[old if box is new else new]], [[0.9]])])['diffground/acc50_single']
            == 0
        )


def test_figures_and_files(ann_file, tmp_path):
    first, second = [4.0, 4, 12, 14], [20.0, 10, 36, 28]
    samples = [
        predicted('p0', ['q0', 'q1', 'q2'], [[first], [first, second], []], [[0.9], [0.8, 0.7], []]),
        predicted('p1', ['q0', 'q1', 'q2'], [[second], [first], [first]], [[0.9], [0.8], [0.3]]),
    ]
    out = tmp_path / 'out' / 'report.json'
    metric = DiffGroundMetric('annotations/train.jsonl', str(tmp_path), score_threshold=0.5, out_file=str(out))
    figures = run(metric, samples)
    assert figures['diffground/acc50_multi'] == 0.5
    assert figures['diffground/none_accuracy'] == 1
    assert figures['diffground/f1_50'] == pytest.approx((1 + 2 / 3) / 2)
    assert figures['diffground/score'] == 0.75
    assert metric.report['errors']['wrong change'] == 1
    assert json.loads(out.read_text()) == metric.report
    again = evaluate_files(ann_file, tmp_path / 'out' / 'report.predictions.jsonl', 0.5)
    assert again == metric.report


def test_only_pairs_that_were_run_are_scored(ann_file):
    metric = DiffGroundMetric(str(ann_file), log_report=False)
    run(metric, [predicted('p1', ['q0'], [[]], [[]])])
    assert metric.report['counts']['pairs'] == 1
    assert metric.report['counts']['missing_predictions'] == 2


def test_out_file_must_be_json():
    with pytest.raises(ConfigError, match=r'\.json'):
        DiffGroundMetric('a.jsonl', out_file='report.txt')
