"""Fits a calibration and says how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from difftracker.evaluation.text_table import format_table, percent
from difftracker.structures.score_calibration import ScoreCalibration
from difftracker.utils.files import atomic_write, write_json

from .calibration_fit import (
    BINS,
    FOLDS,
    CalibrationFit,
    TopAnswers,
    calibrate,
    expected_calibration_error,
    fit_calibration,
    negative_log_likelihood,
    reliability,
)
from .plots import plot_reliability, plot_thresholds
from .system_run import SystemRun
from .threshold_choice import best_threshold, sweep_thresholds


def write_calibration(runs: Sequence[SystemRun], out_dir: Path, seed: int = 0) -> tuple[Path, dict]:
    """Fits one calibration to the answers of a model on one or several sets, and chooses the score threshold on them.

    Args:
        runs: The same model's uncalibrated answers on each set, named after it; each query counts the same.
        out_dir: Folder for `calibration.json` (which `tools/publish.py --calibration` reads), `calibration.md` and
            plots; made where it is missing.
        seed: Deals the pairs into folds.

    Returns:
        The path of `calibration.json` and its content.

    Raises:
        ConfigError: There is too little to fit to.
    """
    sets = [TopAnswers.of(run.outcomes) for run in runs]
    answers = _joined(sets)
    fit = fit_calibration(answers, seed)
    outcomes = [one for run in runs for one in run.outcomes]
    curves = sweep_thresholds(outcomes, _top_scores(outcomes, fit.calibration))
    threshold = best_threshold(curves)
    held_out = _split(fit.held_out, sets)
    figures = {'all sets': _quality(answers, fit.held_out)}
    for run, own, held in zip(runs, sets, held_out, strict=True):
        figures[run.name] = _quality(own, held)
    item = {
        'temperature': fit.calibration.temperature,
        'bias': fit.calibration.bias,
        'score_threshold': threshold,
        'raw_score_threshold': _raw(threshold, fit.calibration),
        'at_threshold': {name: _at(curves, name, threshold) for name in curves if name != 'threshold'},
        'gains': {name: {'nats': gain, 'standard_error': error} for name, (gain, error) in fit.gains.items()},
        'quality': figures,
    }
    panels = [
        ('as it is', [(run.name, reliability(own)) for run, own in zip(runs, sets, strict=True) if len(own)]),
        ('calibrated, pairs held out', [(run.name, reliability(own)) for run, own in zip(runs, held_out) if len(own)]),
    ]
    plot_reliability(panels, out_dir / 'reliability.png')
    plot_thresholds(curves, threshold, out_dir / 'threshold.png')
    atomic_write(out_dir / 'calibration.md', _text(item, fit))
    return write_json(out_dir / 'calibration.json', item), item


def _joined(sets: Sequence[TopAnswers]) -> TopAnswers:
    pairs, start = [], 0
    for own in sets:
        pairs.append(own.pairs + start)
        start += int(own.pairs.max()) + 1 if len(own) else 0
    return TopAnswers(
        np.concatenate([own.scores for own in sets]),
        np.concatenate([own.right for own in sets]),
        np.concatenate(pairs),
    )


def _split(answers: TopAnswers, sets: Sequence[TopAnswers]) -> list[TopAnswers]:
    owner = np.repeat(np.arange(len(sets)), [len(own) for own in sets])
    return [answers.where(owner == place) for place in range(len(sets))]


def _top_scores(outcomes: Sequence, calibration: ScoreCalibration) -> np.ndarray:
    scores = np.array([one.candidate_scores[0] if len(one.candidate_scores) else -1.0 for one in outcomes])
    there = scores >= 0
    scores[there] = calibrate(scores[there], calibration)
    return scores


def _quality(own: TopAnswers, held: TopAnswers) -> dict | None:
    if not len(own):
        return None
    return {
        'answers': len(own),
        'right': float(own.right.mean()),
        'mean_score': {'before': float(own.scores.mean()), 'held_out': float(held.scores.mean())},
        'ece': {'before': expected_calibration_error(own), 'held_out': expected_calibration_error(held)},
        'nll': {'before': negative_log_likelihood(own), 'held_out': negative_log_likelihood(held)},
    }


def _raw(threshold: float, calibration: ScoreCalibration) -> float:
    """Which uncalibrated score the map takes to a threshold."""
    back = ScoreCalibration(1 / calibration.temperature, -calibration.bias * calibration.temperature)
    return float(calibrate(np.array([threshold]), back)[0])


def _at(curves: dict[str, list[float] | None], name: str, threshold: float) -> float | None:
    return None if curves[name] is None else curves[name][curves['threshold'].index(threshold)]


def _text(item: dict, fit: CalibrationFit) -> str:
    rows = []
    for name, own in item['quality'].items():
        if own is None:
            rows.append([name, '0', *['-'] * 7])
            continue
        cells = [percent(own['right'])]
        cells += [percent(own[key][when]) for key in ('mean_score', 'ece') for when in ('before', 'held_out')]
        cells += [f'{own["nll"][when]:.3f}' for when in ('before', 'held_out')]
        rows.append([name, str(own['answers']), *cells])
    header = ['set', 'answers', 'right', 'mean score', 'calibrated', 'ECE', 'calibrated', 'NLL', 'calibrated']
    gains = item['gains']
    bias = 'kept' if fit.calibration.bias else 'not kept'
    reached = ', '.join(
        f'`{name}` {percent(value)}' for name, value in item['at_threshold'].items() if value is not None
    )
    return f"""# Calibration

`sigmoid(logit(score) / {fit.calibration.temperature:.4f} + {fit.calibration.bias:.4f})`

The temperature lowers the negative log-likelihood per answer by {_gain(gains['temperature'])} nats, the bias by
{_gain(gains['bias'])} more ({bias}); on pairs held out, in brackets the standard error over pairs.

{format_table(header, rows, markdown=True)}

Answers: the best box of each query that has one; right where it overlaps something asked for with IoU 0.5, so any
box is wrong for an unanswerable query. ECE: expected calibration error over {BINS} equal ranges of score. Calibrated
figures: each pair with the fit to the other pairs ({FOLDS} folds).

![right answers by score](reliability.png)

Score threshold, calibrated: {item['score_threshold']:.2f} (a score of {item['raw_score_threshold']:.3f} before). There:
{reached}, in per cent. It was chosen on these queries, so figures on others will be a little lower.

![figures by threshold](threshold.png)
"""


def _gain(gain: dict) -> str:
    return f'{gain["nats"]:.4f} [{gain["standard_error"]:.4f}]'
