"""What every kind of place has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.description import Item, Surface, Vector
from tools.scenes3d.layouts.layout_plan import LayoutPlan
from tools.scenes3d.model import Model
from tools.scenes3d.palette import STONES, WALLS, WOODS
from tools.scenes3d.zone import Zone

T = TypeVar('T')


class Layout(ABC):
    """Draws places of one kind.

    Args:
        catalogue: Gives models and meshes.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> LayoutPlan:
        """Draws a place."""

    def model(self, name: str, rng: np.random.Generator) -> Model:
        """Draws a model of a class."""
        return pick(self.catalogue.of_class(name), rng)

    def stand(self, item_id: int, model: Model, x: float, y: float, z: float = 0.0, yaw: float = 0.0) -> Item:
        """Returns a fixed item that stands on height `z`."""
        low = float(self.catalogue.mesh(model.name).low[2]) * model.scale
        return Item(item_id, model.name, model.label, (x, y, round(z - low, 4)), yaw, model.scale)

    def top(self, item: Item, rng: np.random.Generator, count: tuple[int, int], size: float = 1.0) -> Zone:
        """Returns the zone on top of a fixed, unturned item."""
        mesh = self.catalogue.mesh(item.model)
        middle = (mesh.low + mesh.high) / 2 * item.scale + np.array(item.position)
        half = (mesh.high - mesh.low)[:2] / 2 * item.scale - 0.06
        height = float(mesh.high[2]) * item.scale + item.position[2]
        return Zone(
            ('top',), (float(middle[0]), float(middle[1])), (float(half[0]), float(half[1])), round(height, 4), count,
            round='round' in item.model, support=item.item_id, sizes=(size, size * 1.15),
        )  # fmt: skip


def pick(options: Sequence[T], rng: np.random.Generator) -> T:
    """Draws one of several."""
    return options[int(rng.integers(len(options)))]


def draw_floor(rng: np.random.Generator, size: float) -> Surface:
    """Draws a floor at height 0; some are glossy enough to mirror what stands on them."""
    finish = pick(('planks', 'planks', 'tiles', 'checks', 'speckled'), rng)
    colours = pick(WOODS if finish == 'planks' else STONES, rng)
    grain = {'planks': 0.35, 'tiles': 0.8, 'checks': 0.8, 'speckled': 0.12}[finish]
    rough = float(rng.uniform(0.08, 0.25) if rng.random() < 0.4 else rng.uniform(0.35, 0.7))
    return Surface((size, size), (0.0, 0.0, 0.0), 0.0, pick((0.0, 90.0), rng), finish, colours, grain, round(rough, 3))


def draw_wall(rng: np.random.Generator, size: tuple[float, float], position: Vector, yaw: float) -> Surface:
    """Draws a wall that faces -y, turned by `yaw`; `position` is the middle of its foot."""
    colour = pick(WALLS, rng)
    x, y, z = position
    return Surface(size, (x, y, z + size[1] / 2), 90.0, yaw, 'plain', (colour, colour), 1.0, 0.9)
