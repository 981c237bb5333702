"""Calibration maps the scores of answers and nothing else."""

from __future__ import annotations

import pytest
import torch

from difftracker.errors import ConfigError
from difftracker.structures.score_calibration import ScoreCalibration
from tests.test_models.tiny import make_sample


@pytest.fixture()
def ask(tiny_model):
    pair = torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    same = pair[:1].repeat(2, 1, 1, 1)

    def run(calibration):
        tiny_model.eval().calibration = calibration
        # A random model answers boxes in boxes, whose scores fall after they are mapped.
        tiny_model.answer_share = 1.0
        samples = [make_sample(texts=('one',)), make_sample(texts=('one',))]
        with torch.no_grad():
            found = tiny_model.test_step({'inputs': [same, pair], 'data_samples': samples})
        return [sample.pred_queries[0] for sample in found]

    share = tiny_model.answer_share
    yield run
    tiny_model.calibration, tiny_model.answer_share = None, share


def test_only_scores_change(ask):
    (_, plain), (silent, mapped) = ask(None), ask(ScoreCalibration(0.5, 3.0))
    expected = 1 / (1 + torch.exp(-(torch.log(plain.scores / (1 - plain.scores)) / 0.5 + 3.0)))
    torch.testing.assert_close(mapped.scores, expected)
    assert not torch.allclose(mapped.scores, plain.scores)
    for name in ('boxes', 'before_boxes', 'kinds'):
        torch.testing.assert_close(mapped[name], plain[name], rtol=0, atol=0)
    assert mapped.no_change_score == plain.no_change_score
    # Of equal images nothing is estimated, so a bias gives them no score.
    assert (silent.scores == 0).all()


def test_a_config_with_an_impossible_temperature():
    from difftracker.apis.build import build_model
    from tests.test_models.tiny import tiny_config

    with pytest.raises(ConfigError, match='temperature above 0'):
        build_model({**tiny_config(), 'calibration': {'temperature': 0.0}})
