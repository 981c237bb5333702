"""The fit against a search over a grid, and on answers whose calibration is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from difftracker.analysis.calibration_fit import (
    TopAnswers,
    calibrate,
    expected_calibration_error,
    fit_calibration,
    negative_log_likelihood,
    reliability,
)
from difftracker.errors import ConfigError
from difftracker.structures.score_calibration import ScoreCalibration


def drawn(temperature, bias, count=6000, per_pair=3, seed=0):
    """Answers that are right as often as the calibrated score says."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.02, 0.98, count)
    chance = 1 / (1 + np.exp(-(np.log(scores / (1 - scores)) / temperature + bias)))
    return TopAnswers(scores, rng.random(count) < chance, np.arange(count) // per_pair)


def test_map_by_hand():
    scores = ScoreCalibration(2.0, 1.0)(torch.tensor([0.0, 0.5, 0.9, 1.0]))
    expected = [0.0, 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(-(math.log(9) / 2 + 1))), 1.0]
    torch.testing.assert_close(scores, torch.tensor(expected))


@pytest.mark.parametrize('numbers', [(0.0, 0.0), (-1.0, 0.0), (math.inf, 0.0), (1.0, math.nan)])
def test_impossible_calibrations(numbers):
    with pytest.raises(ConfigError, match='temperature above 0'):
        ScoreCalibration(*numbers)


def test_finds_the_temperature_and_leaves_the_bias():
    fit = fit_calibration(drawn(1.8, 0.0))
    assert fit.calibration.temperature == pytest.approx(1.8, rel=0.08)
    assert fit.calibration.bias == 0
    assert fit.gains['temperature'][0] > 4 * fit.gains['temperature'][1]


def test_takes_a_bias_that_is_there():
    answers = drawn(0.7, 0.9)
    fit = fit_calibration(answers)
    assert fit.calibration.temperature == pytest.approx(0.7, rel=0.08)
    assert fit.calibration.bias == pytest.approx(0.9, abs=0.12)
    assert expected_calibration_error(fit.held_out) < 0.25 * expected_calibration_error(answers)
    assert negative_log_likelihood(fit.held_out) < negative_log_likelihood(answers)


def test_no_other_numbers_fit_better():
    answers = drawn(0.7, 0.9, count=400)
    found = fit_calibration(answers).calibration
    least = negative_log_likelihood(answers.calibrated(found))
    grid = [ScoreCalibration(t, b) for t in np.geomspace(0.3, 3, 40) for b in np.linspace(-1, 2, 40)]
    assert least <= min(negative_log_likelihood(answers.calibrated(one)) for one in grid) + 1e-9


def test_noise_is_not_taken_for_a_bias():
    taken = sum(fit_calibration(drawn(1.0, 0.0, 300, seed=seed), seed).calibration.bias != 0 for seed in range(20))
    assert taken <= 2


def test_reliability_and_error_by_hand():
    answers = TopAnswers(np.array([0.1, 0.15, 0.9, 1 - 1e-12]), np.array([False, True, True, True]), np.arange(4))
    rows = reliability(answers, bins=10)
    assert [(row['low'], row['count'], row['right']) for row in rows] == [(0.1, 2, 0.5), (0.9, 2, 1.0)]
    assert expected_calibration_error(answers, bins=10) == pytest.approx(0.5 * (0.5 - 0.125) + 0.5 * 0.05)


def test_order_stays():
    scores = np.sort(np.random.default_rng(1).random(50))
    assert (np.diff(calibrate(scores, ScoreCalibration(3.0, -2.0))) > 0).all()


@pytest.mark.parametrize('right', [[True] * 9, [False] * 9])
def test_nothing_to_fit_to(right):
    with pytest.raises(ConfigError, match='right and wrong answers'):
        fit_calibration(TopAnswers(np.full(9, 0.5), np.array(right), np.arange(9)))
