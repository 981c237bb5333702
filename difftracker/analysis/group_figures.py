"""Figures of every group of queries, with their draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from difftracker.evaluation.outcome_groups import OutcomeGroup, group_outcomes
from difftracker.evaluation.query_outcome import QueryOutcome

from .pair_bootstrap import PairBootstrap, bounded_interval, percentile_interval
from .system_run import SystemRun

FIGURES = ('acc50', 'mean_iou', 'f1_50', 'none_accuracy', 'ap50')
TITLES = {'acc50': 'Acc@0.5', 'mean_iou': 'mIoU', 'f1_50': 'F1@0.5', 'none_accuracy': 'None', 'ap50': 'AP50'}
# Means of right and wrong, whose draws can all be alike.
_SHARES = ('acc50', 'none_accuracy')


@dataclass(frozen=True)
class GroupFigures:
    """Figures of one run on one group of queries.

    Attributes:
        group, name: As in `OutcomeGroup`.
        queries: How many there are.
        values: Each of `FIGURES`, None where it does not apply.
        draws: `(draws,)` for each figure that applies.
        pairs: How many pairs bear on each figure that applies.
    """

    group: str
    name: str
    queries: int
    values: dict[str, float | None]
    draws: dict[str, np.ndarray]
    pairs: dict[str, int]

    @property
    def main(self) -> str:
        """The figure that says most about the group: F1@0.5 where many are asked for, else Acc@0.5, else None."""
        if self.values['acc50'] is not None and self.name not in ('all', 'several answers'):
            return 'acc50'
        return 'none_accuracy' if self.values['f1_50'] is None else 'f1_50'

    def interval(self, figure: str) -> tuple[float, float] | None:
        """Returns the 95 per cent interval of a figure, None where it does not apply or too few pairs bear on it."""
        value = self.values[figure]
        if value is None:
            return None
        if figure in _SHARES:
            return bounded_interval(self.draws[figure], value, self.pairs[figure])
        return percentile_interval(self.draws[figure])

    def to_json(self) -> dict:
        """Returns plain data."""
        item: dict = {'group': self.group, 'name': self.name, 'queries': self.queries}
        for figure in FIGURES:
            value, interval = self.values[figure], self.interval(figure)
            low, high = interval or (None, None)
            item[figure] = None if value is None else {'value': value, 'low': low, 'high': high}
        return item


def group_figures(run: SystemRun, bootstrap: PairBootstrap) -> list[GroupFigures]:
    """Returns the figures of all groups, in the order of the report's rows."""
    pairs = np.array([bootstrap.place[one.record.pair_id] for one in run.outcomes], dtype=np.int64)
    groups = group_outcomes(run.outcomes)
    return [
        _figures(run.outcomes, pairs, group, row, bootstrap)
        for group, row in zip(groups, run.report['rows'], strict=True)
    ]


def _figures(
    outcomes: Sequence[QueryOutcome], pairs: np.ndarray, group: OutcomeGroup, row: dict, bootstrap: PairBootstrap
) -> GroupFigures:
    chosen = [outcomes[place] for place in group.members]
    own = pairs[group.members]
    per_query = {
        'acc50': [float(one.correct) if one.targets == 1 else None for one in chosen],
        'mean_iou': [one.iou for one in chosen],
        'f1_50': [one.f1 for one in chosen],
        'none_accuracy': [float(one.correct) if one.targets == 0 else None for one in chosen],
    }
    draws, support = {}, {}
    for figure, values in per_query.items():
        there = [place for place, value in enumerate(values) if value is not None]
        if there:
            draws[figure] = bootstrap.mean(own[there], np.array([values[place] for place in there]))
            support[figure] = len(set(own[there].tolist()))
    if row['ap50'] is not None:
        boxes = [len(one.candidate_scores) for one in chosen]
        targets = np.bincount(own, [one.targets for one in chosen], len(bootstrap.place))
        scores = np.concatenate([one.candidate_scores for one in chosen])
        hits = np.concatenate([one.candidate_hits for one in chosen])
        draws['ap50'] = bootstrap.average_precision(np.repeat(own, boxes), scores, hits, targets)
        support['ap50'] = int((targets > 0).sum())
    values = {figure: row[figure] for figure in FIGURES}
    return GroupFigures(group.group, group.name, len(chosen), values, draws, support)
