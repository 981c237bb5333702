"""A pair that is whole but has no place in the annotation format."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """What a converter returns for a pair that it leaves out on purpose.

    Attributes:
        reason: Why, in the same words for all pairs of a kind, because they are counted by it.
    """

    reason: str
