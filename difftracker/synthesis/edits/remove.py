"""An object taken away."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.draft import Draft
from difftracker.synthesis.edits.clearing import clear
from difftracker.synthesis.hole_filler import HoleFiller
from difftracker.synthesis.stage import Stage

LARGEST_SHARE = 0.2


class RemoveEdit:
    """Removes an object of the picture from the after image. Reversed, it is an addition of a natural object."""

    def __init__(self) -> None:
        self.filler = HoleFiller()

    def propose(self, stage: Stage, rng: np.random.Generator) -> Draft | None:
        """Returns the change, or None when no object can be removed without a trace."""
        instance = stage.choose(LARGEST_SHARE, rng)
        if instance is None:
            return None
        layer = clear(stage, instance, self.filler, rng)
        if layer is None:
            return None
        return Draft('remove', (), (layer,), instance.mask, None, instance.label)
