"""Makes many pairs out of two screenshots of a real change."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from difftracker.errors import ConfigError
from difftracker.structures import Change
from difftracker.synthesis.composed_pair import ComposedPair
from difftracker.synthesis.draft import Draft
from difftracker.synthesis.edits.add import AddEdit
from difftracker.synthesis.photographer import Photographer
from difftracker.synthesis.raster import Window, crop, window_overlap
from difftracker.synthesis.recipe import Recipe
from difftracker.synthesis.sources.build import build_sprites
from difftracker.synthesis.sources.screen_source import ScreenPair, ScreenSource
from difftracker.synthesis.stage import Stage
from difftracker.synthesis.weighted import draw

PAIRS_TRIED = 20
# Shorter side in px that a change must have in the finished picture.
MIN_SIDE = 5.0
# Part of a screenshot that is shown, in px of the screenshot.
SMALLEST_PART, LARGEST_PART = 260, 900


class ScreenComposer:
    """Shows a part of a screenshot in which a random subset of the real changes has taken place.

    Every box of the source is switched by itself: it shows the old state in both images, the new state in both, or it
    changes, forwards or backwards. So one real pair gives many pairs with exact answers, and pairs without a change.

    Args:
        recipe: The mixture, of domain `screen`.
        data_root: Folder that the recipe's paths are relative to.
        split: `train` or `val`.
        cutouts: Index of cut-outs, where the recipe's `sprites` ask for them; they are pasted as further changes.
    """

    def __init__(self, recipe: Recipe, data_root: str | Path, split: str, cutouts: str | Path | None = None) -> None:
        self.recipe = recipe
        if len(recipe.pictures) != 1 or not {'annotations', 'root'} <= set(recipe.pictures[0]):
            raise ConfigError(f'recipe {recipe.name}: expected one source with annotations and root')
        item = recipe.pictures[0]
        annotations, root = (
            Path(data_root) / str(item[key]).replace('{split}', split) for key in ('annotations', 'root')
        )
        self.source = ScreenSource(annotations, root)
        self.add = AddEdit(build_sprites(recipe, data_root, split, cutouts)) if recipe.sprites else None
        self.photographer = Photographer(recipe)

    def compose(self, rng: np.random.Generator) -> ComposedPair:
        """Makes one pair.

        Raises:
            ConfigError: The screenshots offer no change of a visible size, again and again.
        """
        wanted = int(draw(self.recipe.change_counts, rng))
        for _ in range(PAIRS_TRIED):
            pair = self.source.pair(int(rng.integers(len(self.source))))
            stage = self._set_stage(pair, wanted, rng)
            if self.add is not None and len(stage.changes) < wanted:
                self._paste(stage, rng)
            if bool(stage.changes) == bool(wanted):
                return self.photographer.shoot(pair.record.after, stage, rng)
        raise ConfigError(f'recipe {self.recipe.name}: expected screenshots with visible changes, found none')

    def _set_stage(self, pair: ScreenPair, wanted: int, rng: np.random.Generator) -> Stage:
        """Chooses a part and what changes in it."""
        height, width = pair.before.shape[:2]
        sure = pair.record.changes[int(rng.integers(len(pair.record.changes)))]
        window = _part(width, height, sure, rng)
        scale = self.recipe.long_side / max(window[2] - window[0], window[3] - window[1])
        size = (max(round((window[2] - window[0]) * scale), 8), max(round((window[3] - window[1]) * scale), 8))
        old, new = crop(pair.before, window), crop(pair.after, window)
        before, after = old.copy(), old.copy()
        drafts: list[Draft] = []
        order = rng.permutation(len(pair.record.changes))
        for change in (pair.record.changes[position] for position in order):
            box = _inner_box(change, window)
            mask = _scaled_mask(box, size, scale)
            fits = mask is not None and not (change.extra or {}).get('faint') and _inside(change, window)
            # Another state of a box that overlaps may be painted over this one.
            fits = fits and not any(_meet(change, other) for other in pair.record.changes if other is not change)
            changes = fits and len(drafts) < wanted
            states = [old, new] if rng.random() < 0.5 else [new, old]
            for image, state in zip((before, after), states if changes else [states[0]] * 2):
                crop(image, box)[:] = crop(state, box)
            if changes:
                draft = Draft(change.type, (), (), mask, mask, None)
                drafts.append(draft if states[0] is old else draft.reversed())
        mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        before, after = (cv2.resize(image, size, interpolation=mode) for image in (before, after))
        stage = Stage(before, [])
        stage.adopt(before, after, drafts)
        return stage

    def _paste(self, stage: Stage, rng: np.random.Generator) -> None:
        """Adds an icon to one of the images."""
        draft = self.add.propose(stage, rng)
        if draft is not None:
            stage.accept(draft if rng.random() < 0.5 else draft.reversed())


def _part(width: int, height: int, change: Change, rng: np.random.Generator) -> Window:
    """Returns a window of the screenshot that holds a change where it fits in."""
    side = int(np.exp(rng.uniform(np.log(SMALLEST_PART), np.log(LARGEST_PART))))
    part_w, part_h = min(width, side), min(height, round(side * rng.uniform(0.6, 1.0)))
    x1, y1, x2, y2 = (int(value) for value in change.after_box or (0, 0, width, height))
    corner = []
    for low, high, part, full in ((x1, x2, part_w, width), (y1, y2, part_h, height)):
        first, last = max(high + 2 - part, 0), min(low - 2, full - part)
        corner.append(int(rng.integers(first, last + 1)) if first <= last else int(rng.integers(full - part + 1)))
    return (corner[0], corner[1], corner[0] + part_w, corner[1] + part_h)


def _inside(change: Change, window: Window) -> bool:
    """Tells whether a change lies in a window as a whole."""
    x1, y1, x2, y2 = change.after_box or window
    return x1 >= window[0] and y1 >= window[1] and x2 <= window[2] and y2 <= window[3]


def _meet(first: Change, second: Change) -> bool:
    """Tells whether two changes share an area; one out of view may lie anywhere."""
    if first.after_box is None or second.after_box is None:
        return True
    return window_overlap(first.after_box, second.after_box) > 0


def _inner_box(change: Change, window: Window) -> Window:
    """Returns the part of a change's box inside a window, in px of the window; empty where they do not meet."""
    x1, y1, x2, y2 = (int(value) for value in change.after_box or window)
    left, top = max(x1 - window[0], 0), max(y1 - window[1], 0)
    right, bottom = min(x2, window[2]) - window[0], min(y2, window[3]) - window[1]
    return (left, top, max(right, left), max(bottom, top))


def _scaled_mask(box: Window, size: tuple[int, int], scale: float) -> np.ndarray | None:
    """Returns the box as a mask `(H, W)` bool of the finished picture; None when it is too small there."""
    x1, y1, x2, y2 = (value * scale for value in box)
    if min(x2 - x1, y2 - y1) < MIN_SIDE:
        return None
    mask = np.zeros((size[1], size[0]), bool)
    crop(mask, (int(x1), int(y1), min(int(np.ceil(x2)), size[0]), min(int(np.ceil(y2)), size[1])))[:] = True
    return mask
