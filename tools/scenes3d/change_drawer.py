"""Draws the changes between two shots of a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.description import DrawnChange, Item, Shot
from tools.scenes3d.footprint import footprint
from tools.scenes3d.frame_view import FrameView, box_of
from tools.scenes3d.palette import draw_coat
from tools.scenes3d.placer import Placer
from tools.scenes3d.places import change_places

# Share of the image's width that a change is wide and high at least, and share of its area that it takes at most.
_MIN_SIDE = 0.042
_MAX_AREA = 0.25
_OVERLAP = 0.08
_SIZES_ALIKE = 1.9


class ChangeDrawer:
    """Adds changes one by one; one that cannot be seen well, or that meets another, is not taken.

    Args:
        catalogue: Gives models and meshes.
        placer: Finds free places.
        views: What the two cameras see.
        shots: The two shots, without changes yet.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        placer: Placer,
        views: tuple[FrameView, FrameView],
        shots: tuple[Shot, Shot],
    ) -> None:
        self.catalogue = catalogue
        self.placer = placer
        self.views = views
        self.shots = shots
        self.changes: list[DrawnChange] = []

    def add(self, kind: str, rng: np.random.Generator) -> bool:
        """Tries one change of a kind; False where the draw does not fit."""
        target = self._target(rng)
        if target is None:
            return False
        drawn = getattr(self, f'_{kind}')(target, rng)
        if drawn is None:
            return False
        before, after, attribute = drawn
        change = DrawnChange(
            len(self.changes), kind, before and before.item_id, after and after.item_id, attribute
        )  # fmt: skip
        items = [[item for item in shot.items if item.item_id != target.item_id] for shot in self.shots]
        for kept, item in zip(items, (before, after), strict=True):
            kept.extend([item] if item is not None else [])
        shots = tuple(replace(shot, items=tuple(kept)) for shot, kept in zip(self.shots, items, strict=True))
        if not self._seen([*self.changes, change], shots):
            return False
        self.changes.append(change)
        self.shots = shots
        return True

    # ---- kinds; each returns the object before and after and what changed of its look, or None

    def _remove(self, item: Item, rng: np.random.Generator) -> tuple | None:
        return item, None, None

    def _add(self, item: Item, rng: np.random.Generator) -> tuple | None:
        return None, item, None

    def _move(self, item: Item, rng: np.random.Generator) -> tuple | None:
        if item.zone < 0:
            return None
        moved = self.placer.place(item, self._others(item), rng)
        if moved is None:
            return None
        mesh = self.catalogue.mesh(item.model)
        reach = float(np.linalg.norm((mesh.high - mesh.low)[:2])) * item.scale
        shift = float(np.linalg.norm(np.subtract(moved.position, item.position)))
        return (item, moved, None) if shift > 0.7 * reach else None

    def _replace(self, item: Item, rng: np.random.Generator) -> tuple | None:
        if item.zone < 0:
            return None
        classes = self.placer.zones[item.zone].classes
        model = self.catalogue.draw(classes, rng, apart_from=item.label)
        if model is None:
            return None
        new_id = 1 + max(other.item_id for shot in self.shots for other in shot.items)
        fresh = self.placer.dress(new_id, model, item.zone, rng)
        extents = [(mesh.high - mesh.low).max() for mesh in map(self.catalogue.mesh, (item.model, fresh.model))]
        ratio = extents[1] * fresh.scale / (extents[0] * item.scale)
        if not 1 / _SIZES_ALIKE < ratio < _SIZES_ALIKE:
            return None
        middle = footprint(self.catalogue.mesh(item.model), item).corners.mean(axis=0)
        taken = self.placer.footprints(self._others(item))
        put = self.placer.fit(fresh, float(middle[0]), float(middle[1]), item.yaw, taken)
        return None if put is None else (item, put, None)

    def _appearance(self, item: Item, rng: np.random.Generator) -> tuple | None:
        if item.model.startswith('clevr/') and rng.random() < 0.3:
            rough = 0.16 if not item.metal else 0.6
            return item, replace(item, metal=not item.metal, roughness=rough), 'texture'
        return item, replace(item, paint=draw_coat(rng, item.paint)), 'colour'

    # ---- conditions

    def _target(self, rng: np.random.Generator) -> Item | None:
        """Draws an object that carries nothing and has no part in a change yet."""
        changed = {item_id for change in self.changes for item_id in (change.before_item, change.after_item)}
        carriers = {item.support for shot in self.shots for item in shot.items}
        free = [
            item
            for item in self.shots[0].items
            if item.label and item.item_id not in changed | carriers and item in self.shots[1].items
        ]
        return free[int(rng.integers(len(free)))] if free else None

    def _others(self, item: Item) -> list[Item]:
        """Returns all other objects of both shots: a place must be free in either."""
        both = dict.fromkeys([*self.shots[0].items, *self.shots[1].items])
        return [other for other in both if other.item_id != item.item_id]

    def _seen(self, changes: Sequence[DrawnChange], shots: tuple[Shot, Shot]) -> bool:
        """Says whether all changes, the earlier ones too, are seen well and apart in these shots."""
        taken = [np.zeros((view.size[1], view.size[0]), dtype=bool) for view in self.views]
        for change in changes:
            places = change_places(change, shots, self.views)
            if places is None or not all(self._fair(place) for place in places):
                return False
            for mask, place in zip(taken, places, strict=True):
                if (mask & place).sum() > _OVERLAP * place.sum():
                    return False
                mask |= place
            if change.kind == 'move' and not _apart(*places):
                return False
        return True

    def _fair(self, place: np.ndarray) -> bool:
        box = box_of(place)
        if box is None:
            return False
        height, width = place.shape
        sides = box[2] - box[0], box[3] - box[1]
        return min(sides) >= _MIN_SIDE * width and sides[0] * sides[1] <= _MAX_AREA * width * height


def _apart(before: np.ndarray, after: np.ndarray) -> bool:
    """Says whether an object that moved hardly overlaps its old place."""
    return (before & after).sum() <= 0.25 * min(before.sum(), after.sum())
