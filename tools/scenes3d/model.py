"""One object of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """One object.

    Attributes:
        name: Path below the folder of objects, without ending.
        label: What a person calls it; empty for what is part of the ground.
        classes: Where it may stand: `top` (on a table), `floor`, `wallside`, `seat`, `pavement`, ...
        scale: The packs' dishes are as large as their chairs; this brings them nearer to life.
        held_out: Kept for the test part.
    """

    name: str
    label: str
    classes: frozenset[str]
    scale: float
    held_out: bool
