"""Makes a pair of photographs that differ by known changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from difftracker.errors import ConfigError
from difftracker.synthesis.composed_pair import ComposedPair
from difftracker.synthesis.decoys import Decoys
from difftracker.synthesis.draft import Draft
from difftracker.synthesis.edits.add import AddEdit
from difftracker.synthesis.edits.appearance import AppearanceEdit
from difftracker.synthesis.edits.move import MoveEdit
from difftracker.synthesis.edits.remove import RemoveEdit
from difftracker.synthesis.edits.replace import ReplaceEdit
from difftracker.synthesis.framing import frame_picture
from difftracker.synthesis.photographer import Photographer
from difftracker.synthesis.recipe import Recipe
from difftracker.synthesis.sources.build import build_pictures, build_sprites
from difftracker.synthesis.stage import Stage
from difftracker.synthesis.weighted import draw

PICTURES_TRIED = 12
TRIES_PER_CHANGE = 8
# Share of labelled pictures that get pasted objects as well.
DRESSED_LABELLED = 0.5


class PairComposer:
    """Composes pairs of photographs after a recipe; everything random comes from the generator that is passed in.

    Args:
        recipe: The mixture.
        data_root: Folder that the recipe's paths are relative to.
        split: `train` or `val`; only pictures of it are used.
        cutouts: Index of cut-outs (CSV), where the recipe asks for them.
    """

    def __init__(self, recipe: Recipe, data_root: str | Path, split: str, cutouts: str | Path | None = None) -> None:
        self.recipe = recipe
        self.pictures = build_pictures(recipe, data_root, split)
        sprites = build_sprites(recipe, data_root, split, cutouts)
        self.decoys = Decoys(sprites)
        self.add = AddEdit(sprites)
        self.remove = RemoveEdit()
        self.edits = {'appearance': AppearanceEdit(), 'replace': ReplaceEdit(sprites), 'move': MoveEdit()}
        self.photographer = Photographer(recipe)

    def compose(self, rng: np.random.Generator) -> ComposedPair:
        """Makes one pair.

        Raises:
            ConfigError: The pictures offer no place for any change, again and again.
        """
        wanted = int(draw(self.recipe.change_counts, rng))
        for attempt in range(PICTURES_TRIED):
            name, stage = self._set_stage(rng)
            for _ in range(wanted):
                self._change(stage, rng)
            enough = len(stage.changes) == wanted or (attempt >= 2 and stage.changes)
            if enough:
                self._trick(stage, rng)
                pair = self.photographer.shoot(name, stage, rng)
                if all(change.after_box or change.before_box for change in pair.scene.changes):
                    return pair
        raise ConfigError(
            f'recipe {self.recipe.name}: expected pictures that allow {wanted} changes, '
            f'found none in {PICTURES_TRIED} draws'
        )

    def _set_stage(self, rng: np.random.Generator) -> tuple[str, Stage]:
        """Draws a picture, frames it and puts objects and filled holes on it that both images share."""
        source = draw(self.pictures, rng)
        picture = source.picture(int(rng.integers(len(source))))
        image, instances = frame_picture(picture, self.recipe.long_side, rng)
        stage = Stage(image, instances)
        low, high = self.recipe.dressing
        objects = int(rng.integers(low, high + 1))
        if any(instance.whole for instance in instances) and rng.random() > DRESSED_LABELLED:
            objects = 0
        for _ in range(objects):
            self.decoys.add_object(stage, rng)
        low, high = self.recipe.decoys
        for _ in range(int(rng.integers(low, high + 1))):
            if rng.random() < 0.6:
                self.decoys.fill_hole(stage, rng)
        return picture.name, stage

    def _trick(self, stage: Stage, rng: np.random.Generator) -> None:
        """Adds the decoys that touch one image only."""
        low, high = self.recipe.decoys
        for _ in range(int(rng.integers(low, high + 1))):
            if rng.random() < 0.4:
                self.decoys.paste_back(stage, rng)

    def _change(self, stage: Stage, rng: np.random.Generator) -> bool:
        """Adds one change to the stage; False when nothing fits."""
        kind = draw(self.recipe.kinds, rng)
        for attempt in range(TRIES_PER_CHANGE):
            if attempt >= TRIES_PER_CHANGE // 2:
                kind = draw(self.recipe.kinds, rng)
            draft = self._propose(kind, stage, rng)
            if draft is not None and stage.accept(draft):
                return True
        return False

    def _propose(self, kind: str, stage: Stage, rng: np.random.Generator) -> Draft | None:
        """Proposes a change; every edit is used forwards and backwards, so no image is always the touched-up one."""
        if kind in ('add', 'remove'):
            edit = self.remove if rng.random() < 0.5 else self.add
            draft = edit.propose(stage, rng)
            return draft if draft is None or draft.kind == kind else draft.reversed()
        draft = self.edits[kind].propose(stage, rng)
        return draft if draft is None or rng.random() < 0.5 else draft.reversed()
