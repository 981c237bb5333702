"""How far apart runs lie that differ in nothing but the seed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from statistics import fmean

from scipy.stats import t

LEVEL = 0.95


@dataclass(frozen=True)
class SeedNoise:
    """The spread of one figure between seeds, pooled over all ablations.

    Two seeds of one ablation say little about its spread, all ablations together say enough. That their spread is the
    same is an assumption.

    Attributes:
        spread: Pooled standard deviation of a single run; None where no ablation has two runs.
        freedom: Degrees of freedom behind it: runs beyond the first of each ablation.
    """

    spread: float | None
    freedom: int

    @classmethod
    def of(cls, groups: Iterable[Collection[float]]) -> SeedNoise:
        """Pools the variances of groups, each the values of one ablation with different seeds."""
        squares, freedom = 0.0, 0
        for values in groups:
            centre = fmean(values)
            squares += sum((value - centre) ** 2 for value in values)
            freedom += len(values) - 1
        return cls((squares / freedom) ** 0.5 if freedom else None, freedom)

    def limit(self, ones: int, others: int) -> float | None:
        """Returns how far means over so many runs lie apart by chance alone in 95 of 100 cases (Student's t).

        Args:
            ones, others: Number of runs behind either mean.
        """
        if self.spread is None:
            return None
        quantile = float(t.ppf((1 + LEVEL) / 2, self.freedom))
        return quantile * self.spread * (1 / ones + 1 / others) ** 0.5
