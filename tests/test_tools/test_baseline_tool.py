"""The baseline as a user calls it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from difftracker.baselines import DIFFERENCES, GROUNDING_DINO, METHODS
from difftracker.evaluation import evaluate_files
from tests.test_datasets.pair_set_factory import change, pair, write_set
from tools import baseline


@pytest.fixture()
def easy(tmp_path):
    """Two pairs whose only change is a bright box."""
    box = (20, 30, 60, 70)
    queries = [
        {'query_id': 'q0', 'text': 'what?', 'subset': 'all', 'answers': [0]},
        {'query_id': 'q1', 'text': 'a dog?', 'subset': 'none', 'answers': []},
    ]
    pairs = [pair(number, [change(0, 'add', box, box)], queries, (120, 100)) for number in range(2)]
    path = write_set(tmp_path, pairs)
    for number in range(2):
        ground = np.tile(np.linspace(60, 120, 120), (100, 1))[..., None].repeat(3, axis=2).astype(np.uint8)
        Image.fromarray(ground).save(tmp_path / f'images/{number}_a.png')
        ground[30:70, 20:60] = 250
        Image.fromarray(ground).save(tmp_path / f'images/{number}_b.png')
    return path


def test_predictions_and_report(easy, tmp_path, capsys):
    out, report = tmp_path / 'predictions.jsonl', tmp_path / 'report.json'
    assert baseline.main([str(easy), str(tmp_path), '--out', str(out), '--report', str(report)]) == 0
    figures = json.loads(report.read_text())
    assert figures['summary']['acc50_one_change'] == 1
    assert figures['summary']['none_accuracy'] == 0
    assert evaluate_files(easy, out) == figures
    assert 'Acc@0.5' in capsys.readouterr().out
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line['query_id'] for line in lines] == ['q0', 'q1', 'q0', 'q1']
    assert lines[0]['boxes'] == lines[1]['boxes']


def test_goes_on_past_a_broken_picture(easy, tmp_path, capsys):
    (tmp_path / 'images/0_a.png').write_bytes(b'')
    assert baseline.main([str(easy), str(tmp_path), '--method', 'pixel-difference']) == 1
    captured = capsys.readouterr()
    assert '0_a.png' in captured.err
    assert '2 queries have no prediction' in captured.out


def test_pictures_of_another_size_than_stated_are_not_scored(easy, tmp_path, capsys):
    picture = tmp_path / 'images/0_b.png'
    Image.open(picture).resize((60, 50)).save(picture)
    assert baseline.main([str(easy), str(tmp_path)]) == 1
    assert '0_b.png: expected 120 x 100 pixels, found 60 x 50' in capsys.readouterr().err


@pytest.mark.parametrize('root', ['nowhere', 'empty'])
def test_a_wrong_data_root_leaves_earlier_results_alone(easy, tmp_path, capsys, root):
    (tmp_path / 'empty').mkdir()
    out, report = tmp_path / 'predictions.jsonl', tmp_path / 'report.json'
    for file in (out, report):
        file.write_text('earlier')
    command = [str(easy), str(tmp_path / root), '--out', str(out), '--report', str(report)]
    assert baseline.main(command) == 1
    assert root in capsys.readouterr().err
    assert out.read_text() == report.read_text() == 'earlier'


@pytest.mark.parametrize('method', [name for name in METHODS if name != GROUNDING_DINO])
def test_every_method_finds_the_bright_box(easy, tmp_path, method):
    out, grown = tmp_path / 'predictions.jsonl', tmp_path / 'grown.jsonl'
    assert baseline.main([str(easy), str(tmp_path), '--method', method, '--out', str(out)]) == 0
    assert evaluate_files(easy, out)['summary']['acc50_single'] == 1
    if method not in DIFFERENCES:
        return
    assert baseline.main([str(easy), str(tmp_path), '--method', method, '--out', str(grown), '--margin', '0.02']) == 0
    tight, loose = (json.loads(path.read_text().splitlines()[0])['boxes'][0] for path in (out, grown))
    reach = 0.02 * (120**2 + 100**2) ** 0.5
    assert loose == pytest.approx([tight[0] - reach, tight[1] - reach, tight[2] + reach, tight[3] + reach], abs=2e-3)


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (['--method', 'grounding-dino'], "weights of mmdet's model zoo as --checkpoint"),
        (['--method', 'grounding-dino', '--margin', '0.1'], '--margin is no option of --method grounding-dino'),
        (['--method', 'differing-pixels', '--margin', '1'], '--margin is no option of --method differing-pixels'),
        (['--score-threshold', '50'], '--score-threshold: expected a number from 0 to 1, found 50'),
        (['--method', 'ssim', '--checkpoint', 'x.pth'], '--checkpoint is no option of --method ssim'),
    ],
)
def test_options_that_do_not_go_together(capsys, options, words):
    with pytest.raises(SystemExit):
        baseline.parse_args(['a.jsonl', '.', *options])
    assert words in capsys.readouterr().err


def test_missing_weights(easy, tmp_path, capsys):
    assert baseline.main([str(easy), str(tmp_path), '--method', 'grounding-dino', '--checkpoint', 'no.pth']) == 1
    assert 'no.pth: expected a weights file' in capsys.readouterr().err


def test_broken_annotations(tmp_path, capsys):
    assert baseline.main([str(tmp_path / 'no.jsonl'), str(tmp_path)]) == 1
    assert 'no.jsonl' in capsys.readouterr().err
