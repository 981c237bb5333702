"""How much a figure would vary on other pairs of the same kind."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LEVEL = 0.95
# An interval of draws most of which have no such figure would be about other data.
_MIN_SHARE = 0.9
_BLOCK = 2048


class PairBootstrap:
    """Draws pairs with replacement, again and again, and takes each figure anew (Efron, 1979).

    Pairs are drawn and not queries: sentences about one pair share its pictures, so they are right or wrong together,
    and intervals that treat them as independent would be too narrow. Figures of two systems under the same bootstrap
    come from the same draws and can be subtracted one by one.

    Args:
        pair_ids: All pairs of the set.
        draws: How often to draw.
        seed: Seed of the draws.
    """

    def __init__(self, pair_ids: Sequence[str], draws: int = 1000, seed: int = 0) -> None:
        self.place = {pair_id: place for place, pair_id in enumerate(pair_ids)}
        self.draws = draws
        self.seed = seed
        count = len(pair_ids)
        # How often each pair was drawn, (draws, pairs); float32 holds such counts and their sums exactly.
        chances = np.full(count, 1 / max(count, 1))
        self._weights = np.random.default_rng(seed).multinomial(count, chances, size=draws).astype(np.float32)

    def mean(self, pairs: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Returns the mean of values in each draw.

        Args:
            pairs: `(N,)` place of the pair that each value belongs to.
            values: `(N,)`.

        Returns:
            `(draws,)`, NaN where none of the pairs was drawn.
        """
        count = self._weights.shape[1]
        sums = self._weights @ np.bincount(pairs, values, count)
        numbers = self._weights @ np.bincount(pairs, minlength=count).astype(np.float64)
        return np.divide(sums, numbers, out=np.full(self.draws, np.nan), where=numbers > 0)

    def average_precision(
        self, pairs: np.ndarray, scores: np.ndarray, hits: np.ndarray, targets: np.ndarray
    ) -> np.ndarray:
        """Returns the average precision at 101 recall levels in each draw.

        Args:
            pairs: `(N,)` place of the pair that each predicted box belongs to.
            scores: `(N,)` scores of the boxes.
            hits: `(N,)` bool, True where the box found a target.
            targets: `(pairs,)` number of targets of each pair.

        Returns:
            `(draws,)`, NaN where no target was drawn.
        """
        order = np.argsort(-scores, kind='stable')
        pairs, hits = pairs[order], hits[order]
        found = np.cumsum(self._weights[:, pairs[hits]], axis=1, dtype=np.float64)
        seen = self._seen_at_hits(pairs, hits)
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        # Between two hits precision only falls, so its best values are those at hits.
        precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        wanted = self._weights @ targets.astype(np.float64)
        levels = np.linspace(0, 1, 101)
        results = np.full(self.draws, np.nan)
        for draw in np.nonzero(wanted > 0)[0]:
            places = np.searchsorted(found[draw] / wanted[draw], levels, side='left')
            results[draw] = np.append(precision[draw], 0.0)[np.minimum(places, found.shape[1])].mean()
        return results

    def _seen_at_hits(self, pairs: np.ndarray, hits: np.ndarray) -> np.ndarray:
        """Returns how many boxes each draw holds down to each hit, `(draws, hits)`."""
        total = int(hits.sum())
        seen = np.zeros((self.draws, total))
        # Which hit each box stands before, or is; boxes after the last hit count nowhere.
        segment = np.cumsum(hits) - hits
        carried = np.zeros((len(self.place), 1), dtype=np.float32)
        for start in range(0, total, _BLOCK):
            stop = min(total, start + _BLOCK)
            inside = (segment >= start) & (segment < stop)
            table = np.zeros((len(self.place), stop - start), dtype=np.float32)
            np.add.at(table, (pairs[inside], segment[inside] - start), 1)
            table = np.cumsum(table, axis=1) + carried
            carried = table[:, -1:]
            seen[:, start:stop] = self._weights @ table
        return seen


def percentile_interval(draws: np.ndarray) -> tuple[float, float] | None:
    """Returns the middle 95 per cent of the draws; None where too many of them have no value."""
    finite = draws[np.isfinite(draws)]
    if len(finite) < max(1, _MIN_SHARE * len(draws)):
        return None
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def bounded_interval(draws: np.ndarray, value: float, pairs: int) -> tuple[float, float] | None:
    """Returns the interval of a share of right answers.

    Where all answers are right, or all wrong, every draw is alike and would promise certainty. There the far end is the
    share at which as many pairs of one outcome are still met with a chance of 2.5 per cent (Clopper and Pearson, 1934).

    Args:
        draws: Shares in `[0, 1]` of each draw.
        value: The share itself.
        pairs: Number of pairs that it was taken from.
    """
    interval = percentile_interval(draws)
    if interval is None or 0 < value < 1:
        return interval
    reach = float(((1 - LEVEL) / 2) ** (1 / pairs))
    return (reach, 1.0) if value == 1 else (0.0, 1 - reach)
