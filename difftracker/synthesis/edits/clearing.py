"""Making an object's place empty."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.hole_filler import HoleFiller
from difftracker.synthesis.instance import Instance
from difftracker.synthesis.layer import Layer
from difftracker.synthesis.stage import Stage


def clear(stage: Stage, instance: Instance, filler: HoleFiller, rng: np.random.Generator) -> Layer | None:
    """Returns the ground without an object: the true one where it is known, else made up; None when neither works."""
    if instance.behind is None:
        return filler.fill(stage.base, instance.mask, stage.without(instance), rng)
    return instance.behind
