"""Publishing, and the calibration that goes with the weights."""

from __future__ import annotations

import json
import math
import shutil
import sys

import numpy as np
import pytest
import torch
from mmengine.config import Config

from difftracker.apis import DiffTrackerInferencer
from difftracker.apis.build import build_from_weights, build_model
from difftracker.checkpoint import load_weights
from difftracker.errors import ConfigError
from tests.test_tools.small_run import SHIPPED
from tools import publish
from tools import test as test_tool

CALIBRATION = {'temperature': 0.5, 'bias': 0.25, 'score_threshold': 0.125, 'quality': {}}


@pytest.fixture()
def run(tmp_path, monkeypatch):
    """Publishes random weights of the shipped model; returns the path written."""
    checkpoint = tmp_path / 'epoch_1.pth'
    torch.manual_seed(0)
    torch.save({'state_dict': build_model(Config.fromfile(SHIPPED).model).state_dict(), 'meta': {}}, checkpoint)

    def publish_to(name, *options, weights=checkpoint, code=0):
        out = tmp_path / f'{name}.safetensors'
        command = ['publish.py', str(SHIPPED), str(weights), str(out), '--image-size', '64', '64']
        monkeypatch.setattr(sys, 'argv', [*command, *map(str, options)])
        assert publish.main() == code
        return out

    return publish_to


@pytest.fixture()
def calibration(tmp_path):
    path = tmp_path / 'calibration.json'
    path.write_text(json.dumps(CALIBRATION))
    return path


def test_calibration_travels_with_the_weights(run, calibration, capsys):
    plain, mapped = run('plain'), run('mapped', '--calibration', calibration)
    stored = load_weights(mapped)[1]['config']
    assert stored['model']['calibration'] == {'temperature': 0.5, 'bias': 0.25}
    assert stored['score_threshold'] == 0.125
    assert 'calibration' not in load_weights(plain)[1]['config']['model']
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, (2, 48, 64, 3), dtype=np.uint8)
    inferencers = [DiffTrackerInferencer(path, score_threshold=0.0) for path in (plain, mapped)]
    for inferencer in inferencers:
        # A random model answers boxes in boxes, whose scores fall after they are mapped.
        inferencer._model.answer_share = 1.0
    before, after = (inferencer(*images, 'what changed?')[0] for inferencer in inferencers)
    assert before.boxes == after.boxes and before.scores
    expected = [1 / (1 + math.exp(-(math.log(score / (1 - score)) / 0.5 + 0.25))) for score in before.scores]
    assert after.scores == pytest.approx(expected, abs=1e-6)
    assert DiffTrackerInferencer(mapped).score_threshold == 0.125
    run('again', '--calibration', calibration, weights=mapped, code=1)
    assert 'expected weights without calibration' in capsys.readouterr().err


def test_a_threshold_of_the_user_goes_first(run, calibration):
    path = run('mapped', '--calibration', calibration, '--score-threshold', '0.75')
    assert load_weights(path)[1]['config']['score_threshold'] == 0.75


def test_a_threshold_in_per_cent_is_refused(run, capsys):
    with pytest.raises(SystemExit):
        run('plain', '--score-threshold', '50')
    assert 'expected a number from 0 to 1, found 50' in capsys.readouterr().err


def test_missing_files(run, tmp_path, monkeypatch, capsys):
    run('x', weights=tmp_path / 'no.pth', code=1)
    assert capsys.readouterr().err == f'{tmp_path}/no.pth: expected a weights file, found nothing of that name\n'
    monkeypatch.setattr(sys, 'argv', ['publish.py', 'no_config.py', 'no.pth', 'x.safetensors'])
    assert publish.main() == 1
    errors = capsys.readouterr().err
    assert 'no_config.py' in errors and errors.count('\n') == 1


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        ({'temperature': None}, 'expected a number as temperature, found None'),
        ({'temperature': -1}, 'temperature above 0'),
        ({'bias': 'x'}, "expected a number as bias, found 'x'"),
        ({'score_threshold': 1.5}, 'score_threshold from 0 to 1, found 1.5'),
    ],
)
def test_bad_calibration_files(calibration, change, words):
    calibration.write_text(json.dumps({**CALIBRATION, **change}))
    with pytest.raises(ConfigError, match=words) as caught:
        publish.read_calibration(calibration)
    assert str(calibration) in str(caught.value)


def test_the_test_tool_takes_calibration_and_threshold_together():
    config = Config({'model': {'type': 'DiffTracker'}, 'test_evaluator': {'score_threshold': 0.33}})
    test_tool.adopt_calibration(config, {}, None)
    test_tool.adopt_calibration(config, {'model': {}, 'score_threshold': 0.9}, None)
    assert config.test_evaluator.score_threshold == 0.33 and 'calibration' not in config.model
    stored = {'model': {'calibration': {'temperature': 0.5, 'bias': 0.0}}, 'score_threshold': 0.4}
    test_tool.adopt_calibration(config, stored, 0.7)
    assert config.model.calibration == {'temperature': 0.5, 'bias': 0.0}
    assert config.test_evaluator.score_threshold == 0.33
    test_tool.adopt_calibration(config, stored, None)
    assert config.test_evaluator.score_threshold == 0.4


def test_a_trained_text_encoder_needs_no_source(tmp_path, monkeypatch):
    from transformers import AutoTokenizer, BertConfig, BertModel

    from difftracker.models.text.text_encoder import minilm_folder
    from tests.test_models.tiny import BERT

    tokenizer = AutoTokenizer.from_pretrained(str(minilm_folder()))
    source = tmp_path / 'bert'
    tokenizer.save_pretrained(source)
    BertModel(BertConfig(vocab_size=tokenizer.vocab_size, layer_norm_eps=1e-3, **BERT)).save_pretrained(source)
    config_file = tmp_path / 'own.py'
    text_encoder = {'name': str(source), 'frozen': False}
    config_file.write_text(f'_base_ = {str(SHIPPED)!r}\nmodel = dict(text_encoder={text_encoder!r})\n')
    trained = build_model(Config.fromfile(config_file).model).eval()
    checkpoint, out = tmp_path / 'epoch_1.pth', tmp_path / 'own.safetensors'
    torch.save({'state_dict': trained.state_dict(), 'meta': {}}, checkpoint)
    monkeypatch.setattr(sys, 'argv', ['publish.py', str(config_file), str(checkpoint), str(out)])
    assert publish.main() == 0
    shutil.rmtree(source)
    loaded, stored = build_from_weights(out)
    assert str(source) not in json.dumps(stored)
    sentence = ['the red car has gone']
    with torch.no_grad():
        # Weights are stored in half precision.
        torch.testing.assert_close(
            loaded.text_encoder(sentence).sentence, trained.text_encoder(sentence).sentence, rtol=1e-2, atol=1e-2
        )
