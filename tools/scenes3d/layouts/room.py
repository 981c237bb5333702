"""A living room or bedroom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tools.scenes3d.layouts.layout import Layout, draw_floor, draw_wall, pick
from tools.scenes3d.layouts.layout_plan import LayoutPlan
from tools.scenes3d.zone import Zone

_BACK, _SIDE = 3.2, 3.8


class RoomLayout(Layout):
    """Furniture along two walls, a low table on a rug, chairs and plants between, pictures on the wall."""

    def draw(self, rng: np.random.Generator) -> LayoutPlan:
        """Draws a place."""
        hand = pick((-1, 1), rng)
        x, y = round(float(rng.uniform(-0.8, 0.8)), 3), round(float(rng.uniform(-1.2, -0.5)), 3)
        rug = self.stand(0, self.model('rug', rng), x, y)
        above = float(self.catalogue.mesh(rug.model).high[2]) * rug.scale
        table = replace(self.stand(1, self.model('lowtable', rng), x, y, above), support=rug.item_id)
        side = hand * _SIDE
        zones = (
            self.top(table, rng, (1, 4), 1.1),
            Zone(('wallside',), (0.0, _BACK - 1.6), (_SIDE - 0.1, 1.61), 0.0, (2, 3), yaws=(0.0,), back=('y', _BACK)),
            Zone(
                ('wallside',), (hand * (_SIDE - 1.6), 0.0), (1.61, 2.6), 0.0, (0, 2), yaws=(-90.0 * hand,),
                back=('x', side),
            ),
            Zone(('floor', 'seat'), (0.0, -0.6), (3.2, 2.0), 0.0, (2, 4)),
            Zone(('wall',), (0.0, _BACK - 0.15), (3.2, 0.2), 2.1, (1, 3), yaws=(0.0,), back=('y', _BACK), hung=True),
        )  # fmt: skip
        surfaces = (
            draw_floor(rng, 26.0),
            draw_wall(rng, (26.0, 5.5), (0.0, _BACK, 0.0), 0.0),
            draw_wall(rng, (10.0, 5.5), (side, _BACK - 5.0, 0.0), -90.0 * hand),
        )
        azimuth = (-8.0, 34.0) if hand < 0 else (-34.0, 8.0)
        return LayoutPlan(
            surfaces, (rug, table), zones, (0.0, 0.7, 0.7), (7.6, 9.0), (17.0, 34.0), azimuth, (34.0, 40.0),
            lamp=(0.0, -0.5, 4.6),
        )  # fmt: skip
