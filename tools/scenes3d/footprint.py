"""Standing room: the turned rectangles that objects take up on the ground, and whether two of them meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.scenes3d.description import Item
from tools.scenes3d.mesh import Mesh

# Below this, two surfaces only touch.
_TOUCH = 1e-3


@dataclass(frozen=True)
class Footprint:
    """A box turned about the vertical.

    Attributes:
        corners: `(4, 2)` corners on the ground, in order.
        bottom, top: Heights.
    """

    corners: np.ndarray
    bottom: float
    top: float

    def meets(self, other: Footprint, gap: float = 0.0) -> bool:
        """Says whether the boxes come nearer than `gap` on the ground while they overlap in height."""
        if self.top <= other.bottom + _TOUCH or other.top <= self.bottom + _TOUCH:
            return False
        for corners in (self.corners, other.corners):
            edges = np.roll(corners, -1, axis=0) - corners
            for edge in edges[:2]:
                axis = np.array([-edge[1], edge[0]]) / np.linalg.norm(edge)
                ours, theirs = self.corners @ axis, other.corners @ axis
                if ours.max() + gap <= theirs.min() or theirs.max() + gap <= ours.min():
                    return False
        return True


def footprint(mesh: Mesh, item: Item) -> Footprint:
    """Returns the box that an item takes up."""
    (x1, y1, z1), (x2, y2, z2) = mesh.low * item.scale, mesh.high * item.scale
    angle = np.radians(item.yaw)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]]) @ turn.T + np.array(item.position[:2])
    return Footprint(corners, z1 + item.position[2], z2 + item.position[2])
