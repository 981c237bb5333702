"""Differences between two systems on the same queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .group_figures import FIGURES, GroupFigures
from .pair_bootstrap import percentile_interval
from .system_run import SystemRun


@dataclass(frozen=True)
class Difference:
    """A figure of one system minus that of another, with the 95 per cent interval of that difference.

    The two share their draws, so what is common to both (hard pairs) cancels out.
    """

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.low > 0 or self.high < 0

    def to_json(self) -> dict:
        """Returns plain data."""
        return {'value': self.value, 'low': self.low, 'high': self.high, 'clear': self.is_clear}


def difference(one: GroupFigures, other: GroupFigures, figure: str) -> Difference | None:
    """Returns `one - other`, both of the same group; None where it does not apply or too few pairs bear on it."""
    if one.values[figure] is None or other.values[figure] is None:
        return None
    interval = percentile_interval(one.draws[figure] - other.draws[figure])
    return None if interval is None else Difference(one.values[figure] - other.values[figure], *interval)


def difference_rows(ones: Sequence[GroupFigures], others: Sequence[GroupFigures]) -> list[dict]:
    """Returns the differences of all groups and figures as plain data."""
    rows = []
    for one, other in zip(ones, others, strict=True):
        parts = {figure: difference(one, other, figure) for figure in FIGURES}
        rows.append(
            {
                'group': one.group,
                'name': one.name,
                'queries': one.queries,
                **{figure: None if part is None else part.to_json() for figure, part in parts.items()},
            }
        )
    return rows


def count_agreement(one: SystemRun, other: SystemRun) -> dict[str, int]:
    """Counts the queries with one answer or none by who is right: `both`, `first`, `second`, `neither`."""
    names = {(True, True): 'both', (True, False): 'first', (False, True): 'second', (False, False): 'neither'}
    counts = Counter(
        names[a.correct, b.correct]
        for a, b in zip(one.outcomes, other.outcomes, strict=True)
        if a.error is not None and b.error is not None
    )
    return {name: counts[name] for name in names.values()}
