"""From predictions to a report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from difftracker.errors import AnnotationError
from difftracker.structures import PairRecord

from .box_matching import average_precision
from .outcome_groups import group_outcomes
from .prediction import Prediction
from .query_outcome import ERROR_KINDS, QueryOutcome, judge

Outcomes = list[QueryOutcome]


def score_predictions(records: Sequence[PairRecord], predictions: Iterable[dict], score_threshold: float) -> dict:
    """Scores predictions against annotated pairs.

    Args:
        records: The pairs; each of their queries is scored.
        predictions: One object per query: `pair_id`, `query_id`, `boxes` `[[x1, y1, x2, y2], ...]` in pixels of the
            after image, `scores` in `[0, 1]`, optionally `kinds` and `before_boxes`. Low-scored candidates may be among
            the boxes.
        score_threshold: The decision of a prediction is its boxes with at least this score; average precision takes all
            boxes. A query without a prediction counts as answered with nothing.

    Returns:
        Plain data: `score_threshold`, `counts`, `summary` (flat figures in `[0, 1]`, only those that exist), `rows`
        (figures per group of queries; None where a figure does not apply), `errors` (counts by kind of error),
        `confusion` (kinds of change, of rightly found single answers; None when predictions tell no kinds),
        `old_places` (`moved`: moved things rightly found as single answers, `right`: those of them whose before box
        lies where they stood; None when there are none, or predictions tell no before boxes).
        `f1_50` is the mean over different queries in the two: in `rows` over all queries with answers, in `summary`
        over those with several answers only, so it equals that of the row `several answers`.

    Raises:
        AnnotationError: On a prediction that breaks the format, names an unknown pair or query, or comes twice.
    """
    table = index_predictions(records, ((None, item) for item in predictions), 'predictions')
    return score_table(records, table, score_threshold)


def index_predictions(
    records: Sequence[PairRecord],
    items: Iterable[tuple[int | None, dict]],
    path: str | Path,
) -> dict[tuple[str, str], Prediction]:
    """Reads predictions into a table by pair and query.

    Args:
        records: The pairs that the predictions are about.
        items: Line number, or None, and object of each prediction.
        path: Where they come from, for messages.

    Raises:
        AnnotationError: As `score_predictions`.
    """
    known = {record.pair_id: {query.query_id for query in record.queries} for record in records}
    table: dict[tuple[str, str], Prediction] = {}
    for line, item in items:
        pair_id, query_id = item.get('pair_id'), item.get('query_id')
        if not isinstance(pair_id, str) or pair_id not in known:
            raise AnnotationError(path, f'pair_id must name a pair of the annotations, found {pair_id!r}', line)
        if not isinstance(query_id, str) or query_id not in known[pair_id]:
            raise AnnotationError(path, f'query_id must name a query of pair {pair_id!r}, found {query_id!r}', line)
        if (pair_id, query_id) in table:
            raise AnnotationError(
                path,
                f'expected one prediction per query, found a second one of query {query_id!r} of pair {pair_id!r}',
                line,
            )
        table[pair_id, query_id] = Prediction.parse(item, path, line)
    return table


def score_table(
    records: Sequence[PairRecord],
    table: dict[tuple[str, str], Prediction],
    score_threshold: float,
) -> dict:
    """Scores predictions that `index_predictions` has read; see `score_predictions`."""
    outcomes, counts = judge_table(records, table, score_threshold)
    return make_report(outcomes, counts, score_threshold)


def judge_table(
    records: Sequence[PairRecord],
    table: dict[tuple[str, str], Prediction],
    score_threshold: float,
) -> tuple[Outcomes, dict[str, int]]:
    """Judges one query after the other.

    Returns:
        The outcomes of all queries that can be scored, in the order of the records, and the counts of the report.
    """
    outcomes: Outcomes = []
    queries = skipped = missing = 0
    for record in records:
        for query in record.queries:
            queries += 1
            prediction = table.get((record.pair_id, query.query_id))
            missing += prediction is None
            outcome = judge(record, query, prediction or Prediction.empty(), score_threshold)
            if outcome is None:
                skipped += 1
            else:
                outcomes.append(outcome)
    counts = {
        'pairs': len(records),
        'changes': sum(len(record.changes) for record in records),
        'queries': queries,
        'scored': len(outcomes),
        'skipped_out_of_view': skipped,
        'missing_predictions': missing,
    }
    return outcomes, counts


def make_report(outcomes: Outcomes, counts: dict[str, int], score_threshold: float) -> dict:
    """Puts what `judge_table` found into a report; see `score_predictions`."""
    return {
        'score_threshold': score_threshold,
        'counts': counts,
        'summary': _summary(outcomes),
        'rows': [
            {'group': group, 'name': name, **_figures([outcomes[place] for place in members])}
            for group, name, members in group_outcomes(outcomes)
        ],
        'errors': {kind: sum(outcome.error == kind for outcome in outcomes) for kind in ERROR_KINDS},
        'confusion': _confusion(outcomes),
        'old_places': _old_places(outcomes),
    }


def _figures(outcomes: Outcomes) -> dict:
    single = [outcome for outcome in outcomes if outcome.targets == 1]
    silent = [outcome for outcome in outcomes if outcome.targets == 0]
    answerable = [outcome for outcome in outcomes if outcome.targets > 0]
    return {
        'queries': len(outcomes),
        'single': len(single),
        'acc50': _mean([outcome.correct for outcome in single]),
        'mean_iou': _mean([outcome.iou for outcome in single]),
        'f1_50': _mean([outcome.f1 for outcome in answerable]),
        'none': len(silent),
        'none_accuracy': _mean([outcome.correct for outcome in silent]),
        'ap50': _average_precision(outcomes),
    }


def _mean(values: list) -> float | None:
    return float(np.mean(values)) if values else None


def _average_precision(outcomes: Outcomes) -> float | None:
    if not outcomes:
        return None
    scores = np.concatenate([outcome.candidate_scores for outcome in outcomes])
    hits = np.concatenate([outcome.candidate_hits for outcome in outcomes])
    return average_precision(scores, hits, sum(outcome.targets for outcome in outcomes))


def _summary(outcomes: Outcomes) -> dict[str, float]:
    single = [one for one in outcomes if one.targets == 1]
    figures = {
        'acc50_single': _mean([one.correct for one in single]),
        'acc50_one_change': _mean([one.correct for one in single if len(one.record.changes) == 1]),
        'acc50_multi': _mean([one.correct for one in single if len(one.record.changes) > 1]),
        'none_accuracy': _mean([one.correct for one in outcomes if one.targets == 0]),
        'mean_iou': _mean([one.iou for one in single]),
        'f1_50': _mean([one.f1 for one in outcomes if one.targets > 1]),
        'ap50': _average_precision(outcomes),
    }
    parts = [figures[name] for name in ('acc50_one_change', 'acc50_multi', 'none_accuracy')]
    figures['score'] = _mean([part for part in parts if part is not None])
    if figures['score'] is None:
        figures['score'] = figures['ap50']
    return {name: value for name, value in figures.items() if value is not None}


def _confusion(outcomes: Outcomes) -> dict | None:
    found = [one for one in outcomes if one.targets == 1 and one.correct and one.predicted_type is not None]
    if not found:
        return None
    kinds = sorted({one.answer_type for one in found} | {one.predicted_type for one in found})
    matrix = [
        [sum(one.answer_type == true and one.predicted_type == guess for one in found) for guess in kinds]
        for true in kinds
    ]
    return {'kinds': kinds, 'matrix': matrix}


def _old_places(outcomes: Outcomes) -> dict[str, int] | None:
    told = [one.old_place for one in outcomes if one.old_place is not None]
    return {'moved': len(told), 'right': sum(told)} if told else None
