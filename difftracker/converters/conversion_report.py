"""What came of a conversion."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class ConversionReport:
    """Counts and faults.

    Attributes:
        splits: For each split that was written, the number of `pairs`, `changes` and `queries`.
        left_out: How many pairs were left out on purpose, by reason.
        broken: Each pair that could not be converted, and why: `(split, pair id, reason)`.
        leaks: What the validator says of pictures and ids that stand in two splits. Splits stay as published, so this
            is told and not mended.
    """

    splits: dict[str, Counter] = field(default_factory=dict)
    left_out: Counter = field(default_factory=Counter)
    broken: list[tuple[str, str, str]] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Returns the counts in one line."""
        parts = [
            f'{name} {figures["pairs"]} pairs, {figures["changes"]} changes, {figures["queries"]} sentences'
            for name, figures in self.splits.items()
        ]
        return '; '.join([*parts, f'{sum(self.left_out.values())} pairs left out', f'{len(self.broken)} broken'])
