"""An object in another place."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.draft import Draft
from difftracker.synthesis.edits.clearing import clear
from difftracker.synthesis.hole_filler import HoleFiller
from difftracker.synthesis.pasting import lift, paste
from difftracker.synthesis.raster import crop, mask_window
from difftracker.synthesis.stage import Stage

LARGEST_SHARE = 0.12


class MoveEdit:
    """Moves an object of the picture to free ground; the place that it leaves is cleared."""

    def __init__(self) -> None:
        self.filler = HoleFiller()

    def propose(self, stage: Stage, rng: np.random.Generator) -> Draft | None:
        """Returns the change, or None when no object can be lifted or no place is free."""
        instance = stage.choose(LARGEST_SHARE, rng)
        if instance is None:
            return None
        sprite = lift(stage.base, instance.mask, mask_window(instance.mask, 2), instance.label)
        place = stage.find_place(sprite, rng)
        if place is None:
            return None
        cleared = clear(stage, instance, self.filler, rng)
        if cleared is None:
            return None
        layer, mask = paste(stage.base, sprite, place)
        # The pasted object must not lie on the ground that was made up: its pixels were blended with the old ground.
        marked = np.zeros_like(mask)
        crop(marked, cleared.window)[:] = cleared.cover
        if not mask.any() or np.any(crop(marked, layer.window) & layer.cover):
            return None
        return Draft('move', (), (cleared, layer), instance.mask, mask, instance.label)
