"""The pair while it is being made, before camera motion and noise."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.draft import Draft
from difftracker.synthesis.instance import Instance
from difftracker.synthesis.layer import Layer
from difftracker.synthesis.pasting import paste
from difftracker.synthesis.raster import crop, dilate, lab_difference, mask_window, window_overlap
from difftracker.synthesis.sprite import Sprite

# Mean CIE76 difference inside a change's object below which a person would overlook it.
MIN_DIFFERENCE = 11.0
# Shorter side of a change at a long side of 320 px.
MIN_SIDE_AT_320 = 12.0
MAX_OVERLAP = 0.2
PLACES_TRIED = 30
# How often an edit takes one of the photograph's own objects where there is a choice.
OWN_OBJECTS = 0.75


class Stage:
    """Holds the picture that both images share and the changes drawn so far.

    Args:
        image: `(H, W, 3)` uint8; copied.
        instances: Objects of the picture, masks `(H, W)`.
    """

    def __init__(self, image: np.ndarray, instances: list[Instance]) -> None:
        self.base = image.copy()
        self.before = self.base.copy()
        self.after = self.base.copy()
        self.instances = list(instances)
        self.taken = np.zeros(image.shape[:2], bool)
        self.objects = np.zeros(image.shape[:2], bool)
        for instance in instances:
            self.objects |= instance.mask
        self.changed = np.zeros(image.shape[:2], bool)
        self.changes: list[Draft] = []

    @property
    def long_side(self) -> int:
        """Longer side of the picture in px."""
        return max(self.base.shape[:2])

    @property
    def min_side(self) -> float:
        """Shorter side in px that a change must have."""
        return MIN_SIDE_AT_320 * self.long_side / 320.0

    def adopt(self, before: np.ndarray, after: np.ndarray, drafts: list[Draft]) -> None:
        """Takes over images `(H, W, 3)` that differ already, inside the places of the drafts only."""
        self.base, self.before, self.after = before.copy(), before.copy(), after.copy()
        for draft in drafts:
            self.changed |= draft.before_mask | draft.after_mask
            self.changes.append(draft)
        self.taken |= dilate(self.changed, 2)

    def draw_in_both(self, layer: Layer) -> None:
        """Draws into both images; no change comes of it."""
        for image in (self.base, self.before, self.after):
            layer.apply(image)

    def block(self, layer: Layer) -> None:
        """Keeps later edits away from a layer."""
        crop(self.taken, layer.window)[:] |= layer.cover

    def add_instance(self, sprite: Sprite, rng: np.random.Generator) -> Instance | None:
        """Pastes an object into both images, as one more object of the picture; None when no place is free."""
        place = self.find_place(sprite, rng)
        if place is None:
            return None
        layer, mask = paste(self.base, sprite, place)
        if not mask.any():
            return None
        behind = Layer(layer.window, crop(self.base, layer.window).copy(), layer.cover)
        self.draw_in_both(layer)
        instance = Instance(sprite.label, mask, True, behind)
        self.instances.append(instance)
        self.objects |= mask
        return instance

    def find_place(
        self, sprite: Sprite, rng: np.random.Generator, ignore: np.ndarray | None = None
    ) -> tuple[int, int] | None:
        """Looks for a place that no known object and no edit takes up.

        Args:
            sprite: What is to be put there.
            rng: Draws the candidates.
            ignore: `(H, W)` bool, ground that counts as free.

        Returns:
            Its top left corner `(x, y)` in px, or None.
        """
        occupied = self.objects | self.taken
        if ignore is not None:
            occupied = (occupied & ~ignore) | self.taken
        shape = sprite.alpha > 0.2
        height, width = shape.shape
        room_y, room_x = occupied.shape[0] - height - 2, occupied.shape[1] - width - 2
        if room_x < 2 or room_y < 2:
            return None
        for _ in range(PLACES_TRIED):
            x, y = int(rng.integers(2, room_x + 1)), int(rng.integers(2, room_y + 1))
            window = (x, y, x + width, y + height)
            near = (x - 2, y - 2, x + width + 2, y + height + 2)
            if np.any(crop(occupied, window) & shape) or any(
                window_overlap(near, mask_window(mask)) > MAX_OVERLAP
                for change in self.changes
                for mask in (change.before_mask, change.after_mask)
            ):
                continue
            return x, y
        return None

    def editable(self, largest_share: float, whole: bool = True) -> list[Instance]:
        """Returns the objects that no edit has touched, in a fixed order.

        Args:
            largest_share: Largest share of the picture that an object's window may take.
            whole: Only objects that nothing covers or cuts.
        """
        found = []
        for instance in self.instances:
            usable = instance.whole if whole else instance.label is not None
            if not usable or np.any(self.taken & instance.mask):
                continue
            x1, y1, x2, y2 = mask_window(instance.mask)
            share = (x2 - x1) * (y2 - y1) / self.taken.size
            if min(x2 - x1, y2 - y1) >= self.min_side and share <= largest_share:
                found.append(instance)
        return found

    def choose(self, largest_share: float, rng: np.random.Generator, whole: bool = True) -> Instance | None:
        """Draws an object for an edit, mostly one of the photograph's own; None when there is none."""
        candidates = self.editable(largest_share, whole)
        own = [instance for instance in candidates if instance.behind is None]
        if own and rng.random() < OWN_OBJECTS:
            candidates = own
        return candidates[int(rng.integers(len(candidates)))] if candidates else None

    def without(self, instance: Instance) -> np.ndarray:
        """Returns the ground, `(H, W)` bool, that a fill of one object's hole may neither use nor touch."""
        others = self.taken.copy()
        for other in self.instances:
            if other is not instance:
                others |= other.mask
        return others

    def accept(self, draft: Draft) -> bool:
        """Draws a change, if it is visible, large enough and clear of the others.

        Returns:
            False when the draft breaks one of these rules; the stage is then as before.
        """
        before, after = self.base.copy(), self.base.copy()
        cover = np.zeros_like(self.taken)
        for layers, image in ((draft.before_layers, before), (draft.after_layers, after)):
            for layer in layers:
                layer.apply(image)
                crop(cover, layer.window)[:] |= layer.cover
        if np.any(cover & self.taken) or not self._clear_of_others(draft):
            return False
        for mask in (draft.before_object, draft.after_object):
            if mask is None:
                continue
            window = mask_window(mask)
            inside = crop(mask, window)
            difference = lab_difference(crop(before, window), crop(after, window))[inside]
            if difference.mean() < MIN_DIFFERENCE or np.count_nonzero(difference > 5.0) < 0.4 * difference.size:
                return False
        for image, edited in ((self.before, before), (self.after, after)):
            image[cover] = edited[cover]
        self.taken |= dilate(cover, 2)
        self.changed |= cover
        self.changes.append(draft)
        return True

    def _clear_of_others(self, draft: Draft) -> bool:
        """Checks size and overlap of the boxes in both frames."""
        for name in ('before_mask', 'after_mask'):
            window = mask_window(getattr(draft, name))
            if min(window[2] - window[0], window[3] - window[1]) < self.min_side:
                return False
            others = (mask_window(getattr(change, name)) for change in self.changes)
            if any(window_overlap(window, other) > MAX_OVERLAP for other in others):
                return False
        return True
