"""Simple solids on a plain ground, in the manner of CLEVR (Johnson et al., arXiv 1612.06890)."""

from __future__ import annotations

import numpy as np

from tools.scenes3d.layouts.layout import Layout, draw_floor
from tools.scenes3d.layouts.layout_plan import LayoutPlan
from tools.scenes3d.zone import Zone


class ShapesLayout(Layout):
    """Balls, cubes and cylinders of two sizes, of metal or rubber."""

    def draw(self, rng: np.random.Generator) -> LayoutPlan:
        """Draws a place."""
        zone = Zone(
            ('shape',), (0.0, 0.0), (2.6, 2.6), 0.0, (5, 9), round=True, gap=0.15, sizes=(0.62, 0.4), painted=1.0,
            metals=0.5,
        )  # fmt: skip
        return LayoutPlan(
            (draw_floor(rng, 60.0),), (), (zone,), (0.0, 0.0, 0.3), (6.6, 8.2), (24.0, 42.0), (-180.0, 180.0),
            (36.0, 42.0), lamp=(float(rng.uniform(-3, 3)), float(rng.uniform(-3, 3)), 5.5),
        )  # fmt: skip
