"""Kinds of places; each draws the ground, the fixed furniture and the zones for the rest."""

from tools.scenes3d.layouts.kitchen import KitchenLayout
from tools.scenes3d.layouts.layout import Layout
from tools.scenes3d.layouts.layout_plan import LayoutPlan
from tools.scenes3d.layouts.room import RoomLayout
from tools.scenes3d.layouts.shapes import ShapesLayout
from tools.scenes3d.layouts.street import StreetLayout
from tools.scenes3d.layouts.table import TableLayout

LAYOUTS: dict[str, type[Layout]] = {
    'table': TableLayout,
    'room': RoomLayout,
    'kitchen': KitchenLayout,
    'street': StreetLayout,
    'shapes': ShapesLayout,
}

__all__ = [
    'LAYOUTS',
    'KitchenLayout',
    'Layout',
    'LayoutPlan',
    'RoomLayout',
    'ShapesLayout',
    'StreetLayout',
    'TableLayout',
]
