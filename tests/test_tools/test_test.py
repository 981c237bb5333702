"""Scoring as a user calls it, on the outcome of a short training."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config

from difftracker.checkpoint import load_weights, save_weights
from difftracker.errors import ConfigError
from tests.test_tools.small_run import SHIPPED
from tools import test as tool


@pytest.fixture()
def score(trained, monkeypatch, tmp_path):
    """Runs tools/test.py; returns the report and the predictions by pair and query."""
    folder, config = trained
    monkeypatch.chdir(folder.parent)

    def run(*options, weights=folder / 'epoch_2.pth', out=tmp_path / 'out'):
        command = ['test.py', str(config), str(weights), '--out-dir', str(out), *map(str, options)]
        if '--pictures' not in options:
            command += ['--pictures', '0']
        monkeypatch.setattr(sys, 'argv', command)
        torch.manual_seed(0)
        assert tool.main() == 0
        lines = (out / 'report.predictions.jsonl').read_text().splitlines()
        predictions = {(line['pair_id'], line['query_id']): line for line in map(json.loads, lines)}
        assert len(predictions) == len(lines)
        return json.loads((out / 'report.json').read_text()), predictions

    return run


def same(first, second):
    """Whether two answers are equal but for rounding, which differs between the rows of a batch."""
    if first['kinds'] != second['kinds']:
        return False
    return all(
        np.allclose(first[name], second[name], rtol=0, atol=tolerance)
        for name, tolerance in (('scores', 1e-5), ('boxes', 1e-2), ('before_boxes', 1e-2))
    )


@pytest.mark.parametrize('stored', [{}, {'score_threshold': 50}, {'score_threshold': '0.5'}, {'score_threshold': True}])
def test_a_calibration_comes_with_a_threshold(stored):
    config = Config({'model': {}, 'test_evaluator': {'score_threshold': 0.25}})
    tool.adopt_calibration(config, {}, None)
    assert 'calibration' not in config.model
    calibrated = {'model': {'calibration': {'temperature': 1.1}}, **stored}
    with pytest.raises(ConfigError, match='calibrated weights: expected a score_threshold from 0 to 1'):
        tool.adopt_calibration(config, calibrated, None)
    tool.adopt_calibration(config, {**calibrated, 'score_threshold': 0.5}, None)
    assert config.test_evaluator.score_threshold == 0.5 and config.model.calibration == {'temperature': 1.1}


def test_report_predictions_and_pictures(score, trained, tmp_path, capsys):
    report, predictions = score('--pictures', '2')
    # Pictures 0 to 2 of the validation set have one change and three sentences each.
    assert len(predictions) == 9
    assert report['counts']['pairs'] == 3 and report['counts']['missing_predictions'] == 0
    # The one of the shipped config, which the small run builds on.
    assert report['score_threshold'] == 0.25
    for line in predictions.values():
        assert 1 <= len(line['boxes']) == len(line['scores']) == len(line['kinds']) <= 20
        assert all(0 <= x1 <= x2 <= 96 and 0 <= y1 <= y2 <= 72 for x1, y1, x2, y2 in line['boxes'])
    pictures = sorted(path.name for path in (tmp_path / 'out/pictures').iterdir())
    assert pictures and {name.split('_')[0] for name in pictures} <= {'best', 'worst'} and len(pictures) <= 4
    printed = capsys.readouterr().out
    assert str(tmp_path / 'out') in printed
    shown = printed[printed.rindex('{') : printed.rindex('}') + 1]
    assert json.loads(shown) == report['summary']
    # It is what the training's last validation said.
    folder, _ = trained
    (log,) = folder.glob('*/vis_data/scalars.json')
    last = [json.loads(line) for line in log.read_text().splitlines() if 'diffground/score' in line][-1]
    for name, value in report['summary'].items():
        assert last[f'diffground/{name}'] == pytest.approx(value, abs=1e-4)


def test_published_weights_give_the_same_answers(score, trained, tmp_path):
    folder, _ = trained
    weights = tmp_path / 'published.safetensors'
    save_weights(weights, load_weights(folder / 'epoch_2.pth')[0], {})
    first, second = score()[1], score(weights=weights, out=tmp_path / 'other')[1]
    assert first == second


def test_blank_text(score):
    plain, blank = score()[1], score('--blank-text')[1]
    for pair in ('p0', 'p1', 'p2'):
        assert same(blank[pair, 'q0'], blank[pair, 'q1']) and same(blank[pair, 'q1'], blank[pair, 'q2'])
        assert not same(plain[pair, 'q0'], plain[pair, 'q1'])


def test_blank_image(score):
    plain, blank = score()[1], score('--blank-image')[1]
    # All pairs are of one size and share the sentence q1.
    assert same(blank['p0', 'q1'], blank['p1', 'q1']) and same(blank['p0', 'q1'], blank['p2', 'q1'])
    assert not same(plain['p0', 'q1'], plain['p1', 'q1'])


def test_swap(score):
    plain, swapped = score()[1], score('--swap')[1]
    assert not any(same(plain[key], swapped[key]) for key in plain)


def test_told_names(score, trained):
    annotations = trained[0].parent / 'annotations'
    records = [json.loads(line) for line in (annotations / 'val.jsonl').read_text().splitlines()]
    for change in (change for record in records for change in record['changes']):
        change['label'] = 'rectangle'
    (annotations / 'named.jsonl').write_text(''.join(json.dumps(record) + '\n' for record in records))
    plain, told = (score('--ann-file', 'annotations/named.jsonl', *option)[1] for option in ((), ('--tell-names',)))
    assert told.keys() == plain.keys() and not all(same(plain[key], told[key]) for key in plain)


def test_threshold_decides(score):
    nothing, _ = score('--score-threshold', '1.0')
    assert nothing['score_threshold'] == 1.0
    assert nothing['summary']['none_accuracy'] == 1.0 and nothing['summary']['acc50_single'] == 0.0
    everything, _ = score('--score-threshold', '0.0')
    assert everything['summary']['none_accuracy'] == 0.0


def test_another_set(score):
    report, predictions = score('--ann-file', 'annotations/train.jsonl')
    # Seven pairs with three sentences and one without change and with one.
    assert report['counts']['pairs'] == 8 and len(predictions) == 22


def test_results_lie_beside_the_checkpoint_by_default(trained, monkeypatch):
    folder, config = trained
    monkeypatch.setattr(sys, 'argv', ['test.py', str(config), str(folder / 'epoch_2.pth')])
    settings = tool.configure(tool.parse_args())
    assert settings.work_dir == str(folder / 'epoch_2_test')
    assert settings.test_evaluator.out_file == str(folder / 'epoch_2_test/report.json')


def test_weights_of_another_model_are_refused(trained, tmp_path, monkeypatch, capsys):
    weights = save_weights(tmp_path / 'x.safetensors', {'weight': torch.zeros(1)}, {})
    monkeypatch.setattr(sys, 'argv', ['test.py', str(trained[1]), str(weights)])
    assert tool.main() == 1
    assert 'x.safetensors: expected the weights of DiffTracker' in capsys.readouterr().err


@pytest.mark.parametrize('missing', ['config', 'checkpoint'])
def test_missing_files(tmp_path, monkeypatch, capsys, missing):
    config = tmp_path / 'no.py' if missing == 'config' else SHIPPED
    monkeypatch.setattr(sys, 'argv', ['test.py', str(config), str(tmp_path / 'no.pth')])
    assert tool.main() == 1
    errors = capsys.readouterr().err
    assert str(tmp_path / 'no.p') in errors and errors.count('\n') == 1


def test_a_threshold_in_per_cent_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'argv', ['test.py', 'config.py', 'x.pth', '--score-threshold', '50'])
    with pytest.raises(SystemExit):
        tool.parse_args()
    assert 'expected a number from 0 to 1, found 50' in capsys.readouterr().err
