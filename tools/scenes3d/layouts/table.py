"""A laid table seen from near."""

from __future__ import annotations

import numpy as np

from tools.scenes3d.layouts.layout import Layout, draw_floor, draw_wall
from tools.scenes3d.layouts.layout_plan import LayoutPlan
from tools.scenes3d.zone import Zone


class TableLayout(Layout):
    """A table with things on it, chairs behind it, a wall with pictures."""

    def draw(self, rng: np.random.Generator) -> LayoutPlan:
        """Draws a place."""
        table = self.stand(0, self.model('table', rng), 0.0, 0.0)
        top = self.top(table, rng, (5, 10), 1.1)
        wall = round(top.half[1] + float(rng.uniform(1.4, 2.4)), 3)
        zones = (
            top,
            Zone(('seat',), (0.0, top.half[1] + 0.5), (top.half[0], 0.6), 0.0, (0, 2), yaws=(0.0,), jitter=18.0),
            Zone(('wall',), (0.0, wall - 0.15), (1.8, 0.2), 2.0, (0, 2), yaws=(0.0,), back=('y', wall), hung=True),
        )
        surfaces = (draw_floor(rng, 24.0), draw_wall(rng, (24.0, 6.0), (0.0, wall, 0.0), 0.0))
        return LayoutPlan(
            surfaces, (table,), zones, (0.0, 0.0, round(top.height + 0.1, 3)), (3.6, 4.8), (24.0, 48.0), (-35.0, 35.0),
            (36.0, 46.0), lamp=(float(rng.uniform(-1.5, 1.5)), -0.5, 4.2),
        )  # fmt: skip
