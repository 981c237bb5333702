"""Drawing after weights."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

Key = TypeVar('Key')


def draw(weights: dict[Key, float], rng: np.random.Generator) -> Key:
    """Returns a key with the probability that its weight gives."""
    shares = np.asarray(list(weights.values()), float)
    return list(weights)[int(rng.choice(len(shares), p=shares / shares.sum()))]
