"""A street."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tools.scenes3d.description import Surface
from tools.scenes3d.layouts.layout import Layout, pick
from tools.scenes3d.layouts.layout_plan import LayoutPlan
from tools.scenes3d.zone import Zone

_TILES = (-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0)
_ROAD, _PAVEMENT = 0.07, 0.1
_GROUNDS = (((0.30, 0.38, 0.22), (0.26, 0.33, 0.19)), ((0.47, 0.46, 0.43), (0.41, 0.40, 0.38)))


class StreetLayout(Layout):
    """A road with cars along x, houses behind it, and what stands on pavements on both sides."""

    def draw(self, rng: np.random.Generator) -> LayoutPlan:
        """Draws a place."""
        roads, (base,) = self.catalogue.of_class('road'), self.catalogue.of_class('tile')
        fixed = []
        for x in _TILES:
            fixed.append(self.stand(len(fixed), pick(roads, rng), x, 0.0, yaw=90.0))
            for y in (-2.0, 2.0, 4.0):
                fixed.append(self.stand(len(fixed), base, x, y))
        # A few of the houses have a coat; cars often do.
        house = Zone(('building',), (0.0, 2.1), (1.01, 0.91), _PAVEMENT, (1, 1), yaws=(0.0,), gap=0.0, back=('y', 3.0))
        zones = [replace(house, centre=(x, 2.1), painted=0.25) for x in _TILES[1:-1]]
        zones += [
            Zone(('lane',), (0.0, -0.3), (3.4, 0.27), _ROAD, (1, 3), yaws=(90.0,), jitter=1.5, gap=0.15, painted=0.4),
            Zone(('lane',), (0.0, 0.3), (3.4, 0.27), _ROAD, (1, 2), yaws=(-90.0,), jitter=1.5, gap=0.15, painted=0.4),
            Zone(
                ('pavement',), (0.0, -1.5), (2.3, 0.42), _PAVEMENT, (3, 6), yaws=(0.0, 180.0), jitter=30.0, painted=0.12
            ),
            Zone(('pavement',), (0.0, 1.27), (3.2, 0.24), _PAVEMENT, (2, 4), yaws=(0.0,), jitter=8.0, painted=0.12),
        ]
        ground = Surface((80.0, 80.0), (0.0, 0.0, -0.01), 0.0, 0.0, 'speckled', pick(_GROUNDS, rng), 0.3, 0.9)
        return LayoutPlan(
            (ground,), tuple(fixed), tuple(zones), (0.0, 0.35, 0.35), (4.2, 5.6), (18.0, 38.0), (-34.0, 34.0),
            (36.0, 44.0), outdoor=True,
        )  # fmt: skip
