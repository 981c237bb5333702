"""A new object."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.draft import Draft
from difftracker.synthesis.edits.sizing import plausible_size
from difftracker.synthesis.pasting import match_light, paste
from difftracker.synthesis.raster import crop
from difftracker.synthesis.sources.sprite_source import SpriteSource
from difftracker.synthesis.stage import Stage


class AddEdit:
    """Pastes an object on free ground of the after image. Reversed, it is a removal that needs no inpainting.

    Args:
        sprites: Where objects come from.
    """

    def __init__(self, sprites: SpriteSource) -> None:
        self.sprites = sprites

    def propose(self, stage: Stage, rng: np.random.Generator) -> Draft | None:
        """Returns the change, or None when no object or no place was found."""
        sprite = self.sprites.sprite(rng)
        if sprite is None:
            return None
        sprite = sprite.resized(plausible_size(sprite, stage.long_side, rng))
        place = stage.find_place(sprite, rng)
        if place is None:
            return None
        x, y = place
        height, width = sprite.alpha.shape
        sprite = match_light(sprite, crop(stage.base, (x, y, x + width, y + height)))
        layer, mask = paste(stage.base, sprite, place)
        if not mask.any():
            return None
        return Draft('add', (), (layer,), None, mask, sprite.label)
