"""Makes a pair of photographs that differ by known changes."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np

from difftracker.errors import ConfigError
from difftracker.synthesis.camera import draw_motion, map_mask_box, warp_image
from difftracker.synthesis.colours import colour_name
from difftracker.synthesis.composed_pair import ComposedPair
from difftracker.synthesis.decoys import Decoys
from difftracker.synthesis.draft import Draft
from difftracker.synthesis.edits.add import AddEdit
from difftracker.synthesis.edits.appearance import AppearanceEdit
from difftracker.synthesis.edits.move import MoveEdit
from difftracker.synthesis.edits.remove import RemoveEdit
from difftracker.synthesis.edits.replace import ReplaceEdit
from difftracker.synthesis.framing import frame_picture
from difftracker.synthesis.nuisance import Nuisance
from difftracker.synthesis.recipe import Recipe
from difftracker.synthesis.scene import Scene, SceneChange, SceneObject
from difftracker.synthesis.sources.build import build_pictures, build_sprites
from difftracker.synthesis.stage import Stage

PICTURES_TRIED = 12
TRIES_PER_CHANGE = 8
# Enlargement in hand-held pairs, so that the moved frames show little beyond the border.
ZOOM_IN = 1.03
# Share of labelled pictures that get pasted objects as well.
DRESSED_LABELLED = 0.5

Key = TypeVar('Key')


def draw(weights: dict[Key, float], rng: np.random.Generator) -> Key:
    """Returns a key with the probability that its weight gives."""
    shares = np.asarray(list(weights.values()), float)
    return list(weights)[int(rng.choice(len(shares), p=shares / shares.sum()))]


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
        self.nuisance = Nuisance(recipe.nuisance_strength)

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
                pair = self._shoot(name, stage, rng)
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

    def _shoot(self, name: str, stage: Stage, rng: np.random.Generator) -> ComposedPair:
        """Takes both photographs: camera motion, light, grain; maps every box into its own frame."""
        height, width = stage.base.shape[:2]
        level = draw(self.recipe.nuisance, rng)
        motions = [np.eye(3), np.eye(3)]
        images = [stage.before, stage.after]
        if level == 'hand-held':
            steady = rng.random() < 0.4
            motions = [
                draw_motion(rng, width, height, 0.0 if steady else 0.6, ZOOM_IN),
                draw_motion(rng, width, height, 1.0 if steady else 0.7, ZOOM_IN),
            ]
            if rng.random() < 0.5:
                motions.reverse()
            images = [warp_image(image, motion) for image, motion in zip(images, motions)]
        if level != 'none':
            images = [self.nuisance.apply(image, rng) if rng.random() < 0.85 else image for image in images]
        low, high = self.recipe.jpeg_quality
        quality = int(rng.integers(low, high + 1))
        other = quality if level == 'none' else int(rng.integers(low, high + 1))
        scene = self._describe(stage, motions, width, height)
        extra = {'nuisance': level, 'picture': name}
        return ComposedPair(images[0], images[1], scene, (quality, other), extra)

    @staticmethod
    def _describe(stage: Stage, motions: list[np.ndarray], width: int, height: int) -> Scene:
        """Boxes, names and colours of the changes and of the unchanged objects."""
        told: list[SceneChange] = []
        for number, draft in enumerate(stage.changes):
            before_box = map_mask_box(draft.before_mask, motions[0], width, height)
            after_box = map_mask_box(draft.after_mask, motions[1], width, height)
            old, new = draft.before_object, draft.after_object
            told.append(
                SceneChange(
                    number, draft.kind, before_box, after_box, draft.label, draft.new_label,
                    None if old is None else colour_name(stage.before[old]),
                    None if new is None else colour_name(stage.after[new]),
                    draft.attribute,
                )
            )  # fmt: skip
        context: list[SceneObject] = []
        for instance in stage.instances:
            box = map_mask_box(instance.mask, motions[1], width, height)
            large = box is not None and min(box[2] - box[0], box[3] - box[1]) >= stage.min_side
            if instance.label is not None and large and not np.any(instance.mask & stage.changed):
                context.append(SceneObject(instance.label, box, colour_name(stage.after[instance.mask])))
        return Scene(width, height, tuple(told), tuple(context), 'photo')
