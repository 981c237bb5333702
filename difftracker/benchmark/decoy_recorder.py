"""Writes down where a pair bears traces of editing although nothing changed, for the leak audit."""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np

from difftracker.synthesis.camera import map_mask_box
from difftracker.synthesis.composed_pair import ComposedPair
from difftracker.synthesis.decoys import Decoys
from difftracker.synthesis.pair_composer import PairComposer
from difftracker.synthesis.photographer import Photographer
from difftracker.synthesis.recipe import Recipe
from difftracker.synthesis.scene import Scene
from difftracker.synthesis.sources.sprite_source import SpriteSource
from difftracker.synthesis.stage import Stage

# Kind of decoy, the image that bears it (`both`, `before`, `after`), its place.
Decoy = tuple[str, str, np.ndarray]


class RecordingDecoys(Decoys):
    """Draws decoys as `Decoys` does and keeps the place of each.

    Args:
        sprites: Where pasted objects come from.
    """

    def __init__(self, sprites: SpriteSource) -> None:
        super().__init__(sprites)
        self._drawn: WeakKeyDictionary[Stage, list[Decoy]] = WeakKeyDictionary()

    def drawn(self, stage: Stage) -> list[Decoy]:
        """Returns the decoys of a stage."""
        return self._drawn.setdefault(stage, [])

    def add_object(self, stage: Stage, rng: np.random.Generator) -> bool:
        """Pastes one object into both images."""
        done = super().add_object(stage, rng)
        if done:
            self.drawn(stage).append(('pasted', 'both', stage.instances[-1].mask))
        return done

    def fill_hole(self, stage: Stage, rng: np.random.Generator) -> bool:
        """Fills a round hole alike in both images."""
        taken = stage.taken.copy()
        done = super().fill_hole(stage, rng)
        if done:
            self.drawn(stage).append(('filled', 'both', stage.taken & ~taken))
        return done

    def paste_back(self, stage: Stage, rng: np.random.Generator) -> bool:
        """Pastes an object back onto itself in one of the images."""
        taken, after = stage.taken.copy(), stage.after.copy()
        done = super().paste_back(stage, rng)
        if done:
            image = 'before' if np.array_equal(after, stage.after) else 'after'
            self.drawn(stage).append(('re-pasted', image, stage.taken & ~taken))
        return done


class RecordingPhotographer(Photographer):
    """Takes pairs as `Photographer` does and adds the boxes of the decoys as an extra field `decoys`.

    Args:
        recipe: As for `Photographer`.
        decoys: What drew the decoys.
    """

    def __init__(self, recipe: Recipe, decoys: RecordingDecoys) -> None:
        super().__init__(recipe)
        self.decoys = decoys
        self._told: list[dict] = []

    def shoot(self, name: str, stage: Stage, rng: np.random.Generator) -> ComposedPair:
        """Takes both photographs."""
        pair = super().shoot(name, stage, rng)
        return replace(pair, extra={**pair.extra, 'decoys': self._told})

    def _describe(self, stage: Stage, motions: list[np.ndarray], width: int, height: int) -> Scene:
        # A pasted object that an edit took afterwards is a change and no decoy any more.
        left = [decoy for decoy in self.decoys.drawn(stage) if decoy[2].any() and not np.any(decoy[2] & stage.changed)]
        self._told = [
            {
                'kind': kind,
                'image': image,
                'before_box': map_mask_box(mask, motions[0], width, height),
                'after_box': map_mask_box(mask, motions[1], width, height),
            }
            for kind, image, mask in left
        ]
        return super()._describe(stage, motions, width, height)


def record_decoys(composer: PairComposer) -> PairComposer:
    """Makes a composer write down its decoys; the pairs stay as they are, to the pixel. Returns the composer."""
    decoys = RecordingDecoys(composer.decoys.sprites)
    composer.decoys = decoys
    composer.photographer = RecordingPhotographer(composer.recipe, decoys)
    return composer
