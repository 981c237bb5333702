"""What a model is to reach."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """A figure that a model is to reach.

    Attributes:
        title: What it says.
        share: The goal, in [0, 1].
        figure: Row and name of the figure.
        minus: Row and name of the one that it is compared with; None for the figure itself.
        at_most: Whether less is better.
    """

    title: str
    share: float
    figure: tuple[str, str]
    minus: tuple[str, str] | None = None
    at_most: bool = False

    def reached(self, figures: dict[str, dict[str, float]]) -> float | None:
        """Returns what a model reaches, in [-1, 1], from its figures by row and name; None where not measured."""
        found = [figures.get(row, {}).get(name) for row, name in (self.figure, self.minus or self.figure)]
        if None in found:
            return None
        return found[0] if self.minus is None else found[0] - found[1]

    def is_met(self, share: float | None) -> bool:
        """Tells whether a share meets the goal."""
        if share is None:
            return False
        return share <= self.share if self.at_most else share >= self.share
