"""Takes the two photographs of a stage."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.camera import draw_motion, map_mask_box, warp_image
from difftracker.synthesis.colours import colour_name
from difftracker.synthesis.composed_pair import ComposedPair
from difftracker.synthesis.nuisance import Nuisance
from difftracker.synthesis.recipe import Recipe
from difftracker.synthesis.scene import Scene, SceneChange, SceneObject
from difftracker.synthesis.stage import Stage
from difftracker.synthesis.weighted import draw

# Enlargement in hand-held pairs, so that the moved frames show little beyond the border.
ZOOM_IN = 1.03
# Pixels of an object that are looked at to name its colour.
SAMPLED_PIXELS = 3000
# Camera motions that are drawn before a pair is taken from a tripod after all.
HOLDS_TRIED = 10


class Photographer:
    """Adds what two shots of one place do not share, and says what is where in each of them.

    Args:
        recipe: Gives the levels of nuisance, its strength, the JPEG qualities and the domain.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.nuisance = Nuisance(recipe.nuisance_strength)

    def shoot(self, name: str, stage: Stage, rng: np.random.Generator) -> ComposedPair:
        """Takes both photographs: camera motion, light, grain; maps every box into its own frame."""
        height, width = stage.base.shape[:2]
        level = draw(self.recipe.nuisance, rng)
        motions = [np.eye(3), np.eye(3)]
        images = [stage.before, stage.after]
        if level == 'hand-held':
            motions = self._hold(stage, rng, width, height)
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
    def _hold(stage: Stage, rng: np.random.Generator, width: int, height: int) -> list[np.ndarray]:
        """Draws the motion of both frames; a change that leaves both of them would be no change any more."""
        for _ in range(HOLDS_TRIED):
            steady = rng.random() < 0.4
            motions = [
                draw_motion(rng, width, height, 0.0 if steady else 0.6, ZOOM_IN),
                draw_motion(rng, width, height, 1.0 if steady else 0.7, ZOOM_IN),
            ]
            if rng.random() < 0.5:
                motions.reverse()
            if all(
                map_mask_box(draft.before_mask, motions[0], width, height)
                or map_mask_box(draft.after_mask, motions[1], width, height)
                for draft in stage.changes
            ):
                return motions
        return [np.eye(3), np.eye(3)]

    def _describe(self, stage: Stage, motions: list[np.ndarray], width: int, height: int) -> Scene:
        """Boxes, names and colours of the changes and of the unchanged objects."""
        told: list[SceneChange] = []
        for number, draft in enumerate(stage.changes):
            before_box = map_mask_box(draft.before_mask, motions[0], width, height)
            after_box = map_mask_box(draft.after_mask, motions[1], width, height)
            old, new = draft.before_object, draft.after_object
            told.append(
                SceneChange(
                    number, draft.kind, before_box, after_box, draft.label, draft.new_label,
                    _colour(stage.before, old, draft.label),
                    _colour(stage.after, new, draft.label),
                    draft.attribute,
                )
            )  # fmt: skip
        context: list[SceneObject] = []
        for instance in stage.instances:
            box = map_mask_box(instance.mask, motions[1], width, height)
            large = box is not None and min(box[2] - box[0], box[3] - box[1]) >= stage.min_side
            if instance.label is not None and large and not np.any(instance.mask & stage.changed):
                context.append(SceneObject(instance.label, box, _colour(stage.after, instance.mask, instance.label)))
        return Scene(width, height, tuple(told), tuple(context), self.recipe.domain)


def _colour(image: np.ndarray, mask: np.ndarray | None, label: str | None) -> str | None:
    """Returns the colour word of an object; a place without a name is no object that a colour could belong to."""
    if mask is None or label is None:
        return None
    pixels = image[mask]
    return colour_name(pixels[:: max(1, len(pixels) // SAMPLED_PIXELS)])
