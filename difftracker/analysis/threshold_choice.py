"""Which score threshold decides best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from difftracker.errors import ConfigError
from difftracker.evaluation.query_outcome import QueryOutcome

THRESHOLDS = np.arange(1, 100) / 100


def sweep_thresholds(outcomes: Sequence[QueryOutcome], top_scores: np.ndarray) -> dict[str, list[float] | None]:
    """Takes the parts of the report's `score` at each threshold.

    Args:
        outcomes: N queries of any number of answers.
        top_scores: `(N,)` score of the best box of each, -1 where there is none.

    Returns:
        `threshold`, and at each of them `acc50_one_change`, `acc50_multi`, `none_accuracy` (None where no query has
        it) and their mean `score`.

    Raises:
        ConfigError: No query has one answer or none.
    """
    single = np.array([one.targets == 1 for one in outcomes], dtype=bool)
    silent = np.array([one.targets == 0 for one in outcomes], dtype=bool)
    lonely = np.array([len(one.record.changes) == 1 for one in outcomes], dtype=bool)
    found = np.array([bool(one.candidate_hits[:1].any()) for one in outcomes], dtype=bool)
    decided = top_scores[:, None] >= THRESHOLDS
    parts = {
        'acc50_one_change': _share(found[:, None] & decided, single & lonely),
        'acc50_multi': _share(found[:, None] & decided, single & ~lonely),
        'none_accuracy': _share(~decided, silent),
    }
    there = [part for part in parts.values() if part is not None]
    if not there:
        raise ConfigError('threshold: expected queries with one answer or none, found none of these')
    curves = {**parts, 'score': np.mean(there, axis=0)}
    lists = {name: None if curve is None else curve.tolist() for name, curve in curves.items()}
    return {'threshold': THRESHOLDS.tolist(), **lists}


def best_threshold(curves: dict[str, list[float] | None]) -> float:
    """Returns the threshold of the highest `score`; of equal ones the middle one."""
    score = np.array(curves['score'])
    best = np.nonzero(score == score.max())[0]
    return float(curves['threshold'][best[len(best) // 2]])


def _share(right: np.ndarray, rows: np.ndarray) -> np.ndarray | None:
    return right[rows].mean(axis=0) if rows.any() else None
