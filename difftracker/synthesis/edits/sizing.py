"""How large a pasted object is."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.sprite import Sprite

SMALLEST, LARGEST = 0.06, 0.42


def plausible_size(sprite: Sprite, long_side: int, rng: np.random.Generator) -> int:
    """Returns the longer side in px that a pasted object gets.

    Objects out of a photograph keep about the share of the picture that they had there; others get a share drawn
    evenly on a log scale. No object is enlarged much beyond its pixels.

    Args:
        sprite: The object at its own size.
        long_side: Longer side of the picture in px.
        rng: Draws the size.
    """
    if sprite.relative_size is None:
        share = float(np.exp(rng.uniform(np.log(SMALLEST + 0.02), np.log(LARGEST))))
    else:
        share = sprite.relative_size * float(np.exp(rng.uniform(np.log(0.6), np.log(1.6))))
    share = float(np.clip(share, SMALLEST, LARGEST))
    return max(min(round(share * long_side), round(sprite.long_side * 1.5)), 8)
