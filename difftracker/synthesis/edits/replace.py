"""Another object in an object's place."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.draft import Draft
from difftracker.synthesis.edits.clearing import clear
from difftracker.synthesis.hole_filler import HoleFiller
from difftracker.synthesis.instance import Instance
from difftracker.synthesis.pasting import match_light, paste
from difftracker.synthesis.raster import crop, mask_window
from difftracker.synthesis.sources.sprite_source import SpriteSource
from difftracker.synthesis.sprite import Sprite
from difftracker.synthesis.stage import Stage

LARGEST_SHARE = 0.25


class ReplaceEdit:
    """Takes an object away and puts another of about its size on the same ground.

    Args:
        sprites: Where the new objects come from.
    """

    def __init__(self, sprites: SpriteSource) -> None:
        self.sprites = sprites
        self.filler = HoleFiller()

    def propose(self, stage: Stage, rng: np.random.Generator) -> Draft | None:
        """Returns the change, or None when no object can be taken away or no other one fits."""
        instance = stage.choose(LARGEST_SHARE, rng)
        if instance is None:
            return None
        sprite = self.sprites.sprite(rng, other_than=instance.label)
        if sprite is None:
            return None
        cleared = clear(stage, instance, self.filler, rng)
        if cleared is None:
            return None
        ground = stage.base.copy()
        cleared.apply(ground)
        sized, place = self._fit(stage, instance, sprite, rng)
        x, y = place
        height, width = ground.shape[:2]
        patch = (max(x, 0), max(y, 0), min(x + sized.alpha.shape[1], width), min(y + sized.alpha.shape[0], height))
        if patch[2] - patch[0] < stage.min_side or patch[3] - patch[1] < stage.min_side:
            return None
        layer, mask = paste(ground, match_light(sized, crop(ground, patch)), place)
        if not mask.any() or np.count_nonzero(crop(stage.without(instance), layer.window) & layer.cover) > 0:
            return None
        return Draft('replace', (), (cleared, layer), instance.mask, mask, instance.label, new_label=sprite.label)

    @staticmethod
    def _fit(
        stage: Stage, instance: Instance, sprite: Sprite, rng: np.random.Generator
    ) -> tuple[Sprite, tuple[int, int]]:
        """Scales the new object to about the old one's area and stands it on the old one's ground line."""
        x1, y1, x2, y2 = mask_window(instance.mask)
        height, width = sprite.alpha.shape
        scale = np.sqrt((x2 - x1) * (y2 - y1) / (height * width)) * rng.uniform(0.8, 1.15)
        limit = 1.5 * max(x2 - x1, y2 - y1)
        sized = sprite.resized(max(int(min(scale * max(height, width), limit)), 8))
        x = round((x1 + x2 - sized.alpha.shape[1]) / 2)
        return sized, (x, y2 - sized.alpha.shape[0])
