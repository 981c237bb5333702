"""Objects to paste, drawn from several sources."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from difftracker.synthesis.sprite import Sprite


class SpriteGiver(Protocol):
    """Whatever can hand out a random object."""

    def sprite(self, rng: np.random.Generator) -> Sprite | None:
        """Returns an object, or None when it found none this time."""


class SpriteSource:
    """Mixes sources of objects.

    Args:
        sources: `(weight, source)`; weights need not sum to one.
    """

    def __init__(self, sources: list[tuple[float, SpriteGiver]]) -> None:
        weights = np.asarray([weight for weight, _ in sources], float)
        self.sources = [source for _, source in sources]
        self.shares = weights / weights.sum()

    def sprite(self, rng: np.random.Generator, other_than: str | None = None, attempts: int = 6) -> Sprite | None:
        """Returns a random object, mirrored half of the time.

        Args:
            rng: Draws it.
            other_than: A name that it may not share a word with.
            attempts: Draws before giving up.
        """
        for _ in range(attempts):
            source = self.sources[int(rng.choice(len(self.sources), p=self.shares))]
            sprite = source.sprite(rng)
            # A pair of scissors in the place of scissors would be hard to call another thing.
            if sprite is not None and not set(sprite.label.split()) & set((other_than or '').split()):
                return sprite.flipped() if rng.random() < 0.5 else sprite
        return None
