"""Fits a calibration to how often answers of a score are right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize

from difftracker.errors import ConfigError
from difftracker.evaluation.query_outcome import QueryOutcome
from difftracker.structures.score_calibration import ScoreCalibration

FOLDS = 5
BINS = 10


@dataclass(frozen=True)
class TopAnswers:
    """The best box of each query that has one.

    Attributes:
        scores: `(N,)` its score, in (0, 1).
        right: `(N,)` bool, whether it overlaps something asked for with IoU 0.5.
        pairs: `(N,)` int64, equal where the pair is.
    """

    scores: np.ndarray
    right: np.ndarray
    pairs: np.ndarray

    @classmethod
    def of(cls, outcomes: Sequence[QueryOutcome]) -> TopAnswers:
        """Collects the best boxes; scores of 0 and 1 are facts (equal images) and left out."""
        names: dict[str, int] = {}
        rows = [
            (one.candidate_scores[0], one.candidate_hits[0], names.setdefault(one.record.pair_id, len(names)))
            for one in outcomes
            if len(one.candidate_scores) and 0 < one.candidate_scores[0] < 1
        ]
        scores, right, pairs = zip(*rows) if rows else ((), (), ())
        return cls(np.array(scores, dtype=np.float64), np.array(right, dtype=bool), np.array(pairs, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.scores)

    def where(self, mask: np.ndarray) -> TopAnswers:
        """Returns the answers where a `(N,)` bool mask is True."""
        return TopAnswers(self.scores[mask], self.right[mask], self.pairs[mask])

    def calibrated(self, calibration: ScoreCalibration) -> TopAnswers:
        """Returns the same answers with mapped scores."""
        return TopAnswers(calibrate(self.scores, calibration), self.right, self.pairs)


@dataclass(frozen=True)
class CalibrationFit:
    """What was fitted, and how good it is on pairs that it was not fitted to.

    Attributes:
        calibration: Fitted to all answers.
        held_out: The answers with the scores that fits to the other folds give them.
        gains: Drop of the negative log-likelihood per answer on held-out pairs, and its standard error over pairs:
            `temperature` against no calibration, `bias` against the temperature alone.
    """

    calibration: ScoreCalibration
    held_out: TopAnswers
    gains: dict[str, tuple[float, float]]


def calibrate(scores: np.ndarray, calibration: ScoreCalibration) -> np.ndarray:
    """Maps scores in float64."""
    return calibration(torch.from_numpy(np.asarray(scores, dtype=np.float64))).numpy()


def fit_calibration(answers: TopAnswers, seed: int = 0) -> CalibrationFit:
    """Fits a temperature by negative log-likelihood, and a bias where that helps on pairs held out.

    The bias is taken when it lowers the held-out negative log-likelihood by more than twice the standard error of that
    drop: two numbers fit any data better than one, only other pairs can tell whether they fit truth or noise.

    Args:
        answers: Right and wrong ones.
        seed: Deals the pairs into folds.

    Raises:
        ConfigError: All answers are right or all are wrong, or there are fewer pairs than folds.
    """
    names = np.unique(answers.pairs)
    if len(names) < FOLDS or answers.right.all() or not answers.right.any():
        raise ConfigError(
            f'calibration: expected right and wrong answers on at least {FOLDS} pairs, '
            f'found {int(answers.right.sum())} right of {len(answers)} on {len(names)} pairs'
        )
    dealt = np.random.default_rng(seed).permutation(len(names)) % FOLDS
    folds = dealt[np.searchsorted(names, answers.pairs)]
    scores = {'none': answers.scores, 'temperature': answers.scores.copy(), 'bias': answers.scores.copy()}
    for fold in range(FOLDS):
        held = folds == fold
        for name, with_bias in (('temperature', False), ('bias', True)):
            scores[name][held] = calibrate(answers.scores[held], _fit(answers.where(~held), with_bias))
    losses = {name: _losses(values, answers.right) for name, values in scores.items()}
    gains = {
        'temperature': _mean_by_pair(losses['none'] - losses['temperature'], answers.pairs),
        'bias': _mean_by_pair(losses['temperature'] - losses['bias'], answers.pairs),
    }
    with_bias = gains['bias'][0] > 2 * gains['bias'][1]
    held_out = TopAnswers(scores['bias' if with_bias else 'temperature'], answers.right, answers.pairs)
    return CalibrationFit(_fit(answers, with_bias), held_out, gains)


def reliability(answers: TopAnswers, bins: int = BINS) -> list[dict]:
    """Sorts answers into equal ranges of score.

    Returns:
        For each range that has answers: `low`, `high`, `count`, `score` (mean) and `right` (share).
    """
    place = np.minimum((answers.scores * bins).astype(np.int64), bins - 1)
    rows = []
    for number in range(bins):
        own = place == number
        if own.any():
            rows.append(
                {
                    'low': number / bins,
                    'high': (number + 1) / bins,
                    'count': int(own.sum()),
                    'score': float(answers.scores[own].mean()),
                    'right': float(answers.right[own].mean()),
                }
            )
    return rows


def expected_calibration_error(answers: TopAnswers, bins: int = BINS) -> float:
    """Mean distance of score and share of right answers over equal ranges of score, weighted by answers."""
    rows = reliability(answers, bins)
    return sum(row['count'] * abs(row['score'] - row['right']) for row in rows) / len(answers)


def negative_log_likelihood(answers: TopAnswers) -> float:
    """Mean negative log-likelihood of right and wrong under the scores, in nats."""
    return float(_losses(answers.scores, answers.right).mean())


def _fit(answers: TopAnswers, with_bias: bool) -> ScoreCalibration:
    logits = np.log(answers.scores) - np.log1p(-answers.scores)
    sign = np.where(answers.right, 1.0, -1.0)

    def loss(numbers: np.ndarray) -> tuple[float, np.ndarray]:
        # In the slope 1 / temperature and the bias the loss is convex; the bound keeps the temperature above 0.
        margin = sign * (numbers[0] * logits + (numbers[1] if with_bias else 0.0))
        pull = -sign / (1 + np.exp(np.clip(margin, -500, 500)))
        gradient = [(pull * logits).mean()] + ([pull.mean()] if with_bias else [])
        return float(np.logaddexp(0, -margin).mean()), np.array(gradient)

    start = np.array([1.0, 0.0] if with_bias else [1.0])
    bounds = [(1e-3, 1e3)] + ([(None, None)] if with_bias else [])
    found = minimize(loss, start, jac=True, bounds=bounds, method='L-BFGS-B').x
    return ScoreCalibration(1 / float(found[0]), float(found[1]) if with_bias else 0.0)


def _losses(scores: np.ndarray, right: np.ndarray) -> np.ndarray:
    # Float64 rounds a calibrated score of nearly 1 up to it.
    chance = np.clip(np.where(right, scores, 1 - scores), 1e-15, 1)
    return -np.log(chance)


def _mean_by_pair(values: np.ndarray, pairs: np.ndarray) -> tuple[float, float]:
    """Mean of values and its standard error, answers of one pair taken as one observation."""
    mean = float(values.mean())
    _, own = np.unique(pairs, return_inverse=True)
    sums = np.bincount(own, values - mean)
    return mean, float(np.sqrt((sums**2).sum()) / len(values))
