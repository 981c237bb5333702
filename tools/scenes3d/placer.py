"""Puts objects where they can stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.description import Item
from tools.scenes3d.footprint import Footprint, footprint
from tools.scenes3d.model import Model
from tools.scenes3d.palette import draw_coat
from tools.scenes3d.zone import Zone

_TRIES = 30


class Placer:
    """Finds free places; nothing it puts anywhere cuts into anything else.

    Args:
        catalogue: Gives models and meshes.
        zones: The places of the scene.
    """

    def __init__(self, catalogue: Catalogue, zones: Sequence[Zone]) -> None:
        self.catalogue = catalogue
        self.zones = zones

    def dress(self, item_id: int, model: Model, zone: int, rng: np.random.Generator) -> Item:
        """Returns a new object of a model for a zone, not placed yet: its size, coat and gloss are drawn."""
        area = self.zones[zone]
        painted, metal = rng.random() < area.painted, bool(rng.random() < area.metals)
        factor = area.sizes[int(rng.integers(len(area.sizes)))]
        return Item(
            item_id,
            model.name,
            model.label,
            (0.0, 0.0, 0.0),
            0.0,
            round(model.scale * factor, 4),
            draw_coat(rng) if painted else None,
            round(float(rng.uniform(0.12, 0.25) if metal else rng.uniform(0.3, 0.7)), 3),
            metal,
            area.support,
            zone,
        )

    def place(self, item: Item, others: Sequence[Item], rng: np.random.Generator) -> Item | None:
        """Returns the object at a free place of its zone, None where none was found."""
        zone = self.zones[item.zone]
        taken = self.footprints(others)
        for _ in range(_TRIES):
            yaw = float(rng.uniform(-180, 180))
            if zone.yaws:
                yaw = zone.yaws[int(rng.integers(len(zone.yaws)))] + float(rng.uniform(-1, 1)) * zone.jitter
            turned = replace(item, position=(0.0, 0.0, 0.0), yaw=yaw)
            corners = footprint(self.catalogue.mesh(item.model), turned).corners
            low, high = corners.min(axis=0), corners.max(axis=0)
            # The middle of the object, as far from the zone's middle as its width allows.
            room = np.maximum(np.array(zone.half) - (high - low) / 2, 0)
            spot = np.array(zone.centre) + rng.uniform(-1, 1, 2) * room - (low + high) / 2
            found = self.fit(item, float(spot[0]), float(spot[1]), yaw, taken)
            if found is not None:
                return found
        return None

    def fit(self, item: Item, x: float, y: float, yaw: float, taken: Sequence[Footprint]) -> Item | None:
        """Returns the object at a spot of its zone, None where it does not fit or something is in its way."""
        zone = self.zones[item.zone]
        mesh = self.catalogue.mesh(item.model)
        rest = (mesh.low[2] + mesh.high[2]) / 2 if zone.hung else mesh.low[2]
        moved = _moved(item, (x, y, zone.height - rest * item.scale), yaw)
        if zone.back is not None:
            axis, line = zone.back
            corners = footprint(mesh, moved).corners[:, 'xy'.index(axis)]
            shift = line - (corners.max() if line > 0 else corners.min())
            x, y = (x + shift, y) if axis == 'x' else (x, y + shift)
            moved = _moved(item, (x, y, moved.position[2]), yaw)
        place = footprint(mesh, moved)
        if not zone.holds(place) or any(place.meets(other, zone.gap) for other in taken):
            return None
        return moved

    def footprints(self, items: Sequence[Item]) -> list[Footprint]:
        """Returns the room that items take up; parts of the ground take none."""
        return [footprint(self.catalogue.mesh(item.model), item) for item in items if item.label]


def _moved(item: Item, position: tuple[float, float, float], yaw: float) -> Item:
    x, y, z = (round(float(value), 4) for value in position)
    return replace(item, position=(x, y, z), yaw=round(yaw, 2))
