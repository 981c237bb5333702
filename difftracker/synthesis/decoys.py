"""Traces of editing where nothing changed, so that a trace of editing does not give a change away."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.edits.sizing import plausible_size
from difftracker.synthesis.hole_filler import HoleFiller
from difftracker.synthesis.layer import Layer
from difftracker.synthesis.pasting import lift, match_light, paste
from difftracker.synthesis.raster import crop, lab_difference, mask_window
from difftracker.synthesis.sources.sprite_source import SpriteSource
from difftracker.synthesis.stage import Stage

# The same object pasted back after resampling may not look different.
MAX_REPASTE_DIFFERENCE = 5.0


class Decoys:
    """Draws decoys: pasted objects and filled holes in both images, objects pasted back onto themselves in one.

    Args:
        sprites: Where pasted objects come from.
    """

    def __init__(self, sprites: SpriteSource) -> None:
        self.sprites = sprites
        self.filler = HoleFiller()

    def add_object(self, stage: Stage, rng: np.random.Generator) -> bool:
        """Pastes one object into both images; edits may take it later. Returns False when there was no room."""
        sprite = self.sprites.sprite(rng)
        if sprite is None:
            return False
        sprite = sprite.resized(plausible_size(sprite, stage.long_side, rng))
        x, y = (max((side - own) // 2, 0) for side, own in zip(stage.base.shape[1::-1], sprite.alpha.shape[1::-1]))
        height, width = sprite.alpha.shape
        sprite = match_light(sprite, crop(stage.base, (x, y, x + width, y + height)))
        return stage.add_instance(sprite, rng) is not None

    def fill_hole(self, stage: Stage, rng: np.random.Generator) -> bool:
        """Fills a round hole on free ground alike in both images."""
        height, width = stage.base.shape[:2]
        radius_x, radius_y = rng.uniform(0.03, 0.11, 2) * stage.long_side
        x, y = rng.uniform(radius_x, width - radius_x), rng.uniform(radius_y, height - radius_y)
        rows, cols = np.ogrid[0:height, 0:width]
        hole = ((cols - x) / radius_x) ** 2 + ((rows - y) / radius_y) ** 2 <= 1.0
        if not hole.any() or np.any(hole & (stage.objects | stage.taken)):
            return False
        layer = self.filler.fill(stage.base, hole, stage.objects | stage.taken, rng)
        if layer is None:
            return False
        stage.draw_in_both(layer)
        stage.block(layer)
        return True

    def paste_back(self, stage: Stage, rng: np.random.Generator) -> bool:
        """Cuts an object out and pastes it back, slightly resampled, in one of the images."""
        instance = stage.choose(0.25, rng)
        if instance is None:
            return False
        window = mask_window(instance.mask, 2)
        sprite = lift(stage.base, instance.mask, window, str(instance.label))
        sprite = sprite.resized(round(sprite.long_side * rng.uniform(0.75, 0.95))).resized(sprite.long_side)
        height, width = sprite.alpha.shape
        if (width, height) != (window[2] - window[0], window[3] - window[1]):
            return False
        layer, _ = paste(stage.base, sprite, window[:2])
        difference = lab_difference(crop(stage.base, layer.window), layer.pixels)
        if difference[layer.cover].mean() > MAX_REPASTE_DIFFERENCE or np.any(
            crop(stage.taken, layer.window) & layer.cover
        ):
            return False
        one = stage.before if rng.random() < 0.5 else stage.after
        Layer(layer.window, layer.pixels, layer.cover).apply(one)
        stage.block(layer)
        return True
