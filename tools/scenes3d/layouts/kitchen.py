"""A kitchen."""

from __future__ import annotations

import numpy as np

from tools.scenes3d.layouts.layout import Layout, draw_floor, draw_wall
from tools.scenes3d.layouts.layout_plan import LayoutPlan
from tools.scenes3d.zone import Zone

_BACK = 3.0
_MODULE = 2.02


class KitchenLayout(Layout):
    """Counters and appliances in a row along the wall, a table in front, stools and crates on the floor."""

    def draw(self, rng: np.random.Generator) -> LayoutPlan:
        """Draws a place."""
        table = self.stand(0, self.model('table', rng), 0.0, -0.9)
        fixed, zones = [table], [self.top(table, rng, (3, 6), 1.1)]
        for x, counter in zip((-1.5, -0.5, 0.5, 1.5), rng.permutation([True, True, False, False]), strict=True):
            x = round(x * _MODULE, 3)
            if not counter:
                slot = (x, _BACK - 1.2)
                zones.append(
                    Zone(('appliance',), slot, (1.01, 1.21), 0.0, (1, 1), yaws=(0.0,), gap=0.0, back=('y', _BACK))
                )
                continue
            model = self.model('counter', rng)
            depth = float(self.catalogue.mesh(model.name).high[1])
            fixed.append(self.stand(len(fixed), model, x, round(_BACK - depth, 4)))
            zones.append(self.top(fixed[-1], rng, (1, 3), 1.2))
        zones.append(Zone(('seat',), (0.0, 0.75), (1.6, 0.5), 0.0, (0, 1), jitter=20.0, yaws=(0.0,)))
        zones.append(Zone(('floor',), (0.0, -0.9), (3.6, 1.5), 0.0, (2, 4)))
        surfaces = (draw_floor(rng, 26.0), draw_wall(rng, (26.0, 5.5), (0.0, _BACK, 0.0), 0.0))
        return LayoutPlan(
            surfaces, tuple(fixed), tuple(zones), (0.0, 0.7, 0.9), (7.0, 8.4), (20.0, 36.0), (-30.0, 30.0),
            (34.0, 40.0), lamp=(0.0, -0.8, 4.6),
        )  # fmt: skip
