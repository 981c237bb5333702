"""The shipped model on the sample pairs, from files to answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from difftracker.apis import DiffTrackerInferencer
from difftracker.apis.build import build_from_weights
from difftracker.apis.cli import main
from difftracker.checkpoint.zoo import WEIGHTS_DIR
from difftracker.datasets.annotations import read_annotations
from difftracker.datasets.diffground_dataset import DiffGroundDataset

DEMO = Path(__file__).parents[2] / 'demo'
WEIGHTS = WEIGHTS_DIR / 'difftracker-lite.safetensors'
pytestmark = pytest.mark.skipif(not WEIGHTS.is_file(), reason=f'{WEIGHTS.name} is not in this checkout')


@pytest.fixture(scope='module')
def records():
    return read_annotations(DEMO / 'annotations.jsonl')


@pytest.fixture(scope='module')
def inferencer():
    return DiffTrackerInferencer()


@pytest.fixture(scope='module')
def answers(inferencer, records):
    """Answers to all sentences of each sample pair, by pair id."""
    return {
        record.pair_id: inferencer.ask(DEMO / record.before, DEMO / record.after, [q.text for q in record.queries])
        for record in records
    }


def test_the_file_is_small_and_holds_the_text_encoder_by_name_only():
    from difftracker.checkpoint import load_weights

    assert WEIGHTS.stat().st_size <= 30e6
    state_dict, metadata = load_weights(WEIGHTS)
    assert not any('_frozen_encoder' in name for name in state_dict)
    assert metadata['config']['model']['text_encoder']['name'] == 'minilm'


def test_answers_lie_in_their_pictures_and_are_sorted(answers, records):
    for record in records:
        for result in answers[record.pair_id]:
            for boxes, size in ((result.boxes, record.after_size), (result.before_boxes, record.before_size)):
                boxes = np.array(boxes).reshape(-1, 4)
                assert (boxes >= 0).all() and (boxes <= np.tile(size, 2)).all()
            assert result.scores == sorted(result.scores, reverse=True)
            assert len(result.kinds) == len(result.scores) == len(result.boxes)


def test_inferencer_and_test_tool_give_the_same_answers(answers, records, inferencer):
    # What tools/test.py runs: the data set with the test pipeline, pseudo-collated, through test_step.
    model, config = build_from_weights(WEIGHTS)
    pipeline = [{'type': 'LoadImagePair'}, *config['test_pipeline']]
    dataset = DiffGroundDataset('annotations.jsonl', str(DEMO), pipeline, config['kinds'], test_mode=True)
    assert len(dataset) == len(records)
    for index, record in enumerate(records):
        item = dataset[index]
        with torch.no_grad():
            (sample,) = model.test_step({key: [value] for key, value in item.items()})
        for result, found in zip(answers[record.pair_id], sample.pred_queries, strict=True):
            kept = found[found.scores >= inferencer.score_threshold]
            np.testing.assert_allclose(np.array(result.boxes).reshape(-1, 4), kept.boxes, atol=1e-3)
            np.testing.assert_allclose(np.array(result.before_boxes).reshape(-1, 4), kept.before_boxes, atol=1e-3)
            np.testing.assert_allclose(result.scores, kept.scores, atol=1e-5)
            assert result.kinds == [config['kinds'][kind] for kind in kept.kinds]
            assert result.no_change_score == pytest.approx(found.no_change_score, abs=1e-5)


def test_a_sentence_alone_is_answered_as_among_others(answers, records, inferencer):
    record = records[0]
    for query, expected in zip(record.queries, answers[record.pair_id]):
        (result,) = inferencer(DEMO / record.before, DEMO / record.after, query.text)
        np.testing.assert_allclose(result.scores, expected.scores, atol=1e-4)
        np.testing.assert_allclose(np.array(result.boxes), np.array(expected.boxes), atol=0.1)


def test_identical_images_are_answered_with_nothing(records, inferencer):
    for record in records:
        for path in (DEMO / record.before, DEMO / record.after):
            results = inferencer.ask(path, path, [query.text for query in record.queries])
            wrong = [result.text for result in results if not result.is_empty]
            assert not wrong, f'{path.name}: {wrong}'


def test_predict_answers_one_pair(answers, records, tmp_path, capsys):
    record = next(record for record in records if not answers[record.pair_id][0].is_empty)
    pair = [str(DEMO / record.before), str(DEMO / record.after)]
    text, expected = record.queries[0].text, answers[record.pair_id][0]
    assert main(['predict', *pair, text, '--out-dir', str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert f'score {expected.scores[0]:.2f}' in printed and expected.kinds[0] in printed
    (picture,) = tmp_path.iterdir()
    assert str(picture) in printed
    assert Image.open(picture).width > record.before_size[0] + record.after_size[0]


def test_predict_answers_an_annotation_file_line_by_line_in_order(answers, records, tmp_path, capsys):
    out = tmp_path / 'predictions.jsonl'
    annotations = str(DEMO / 'annotations.jsonl')
    assert main(['predict', '--annotations', annotations, '--data-root', str(DEMO), '--out', str(out)]) == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    expected = [
        (record.pair_id, query.query_id, result)
        for record in records
        for query, result in zip(record.queries, answers[record.pair_id])
    ]
    assert [(line['pair_id'], line['query_id']) for line in lines] == [entry[:2] for entry in expected]
    for line, (_, _, result) in zip(lines, expected):
        np.testing.assert_allclose(line['scores'], result.scores, atol=1e-5)
        np.testing.assert_allclose(np.array(line['boxes']), np.array(result.boxes), atol=0.01)
    capsys.readouterr()
    assert main(['evaluate', annotations, str(out)]) == 0
    assert f'{len(expected)} queries scored' in capsys.readouterr().out
