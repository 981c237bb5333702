"""Which pixels an object covers, and how near it is there: a depth buffer in plain NumPy.

The renderer's own masks would do too, but they come late and are dear: with this, a scene is judged before it is
rendered, without Blender, and each object also as it would look with nothing in front of it.
"""

from __future__ import annotations

import numpy as np

from tools.scenes3d.description import Camera, Item
from tools.scenes3d.mesh import Mesh

SENSOR = 36.0
NEAR = 0.05
_CHUNK = 1_000_000


def world_points(mesh: Mesh, item: Item) -> np.ndarray:
    """Returns the mesh's vertices where the item stands, `(N, 3)`."""
    angle = np.radians(item.yaw)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    return mesh.vertices * item.scale @ turn.T + np.array(item.position)


def camera_axes(camera: Camera) -> np.ndarray:
    """Returns the camera's right, up and forward as rows of a `(3, 3)` rotation; right and up turned by its roll."""
    forward = np.array(camera.target, dtype=np.float64) - np.array(camera.position)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    up = np.cross(right, forward)
    angle = np.radians(camera.roll)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * right + sin * up, cos * up - sin * right, forward])


def project(points: np.ndarray, camera: Camera, size: tuple[int, int]) -> np.ndarray:
    """Returns `(N, 3)`: x and y in px (the first pixel's centre is 0.5, 0.5) and depth along the camera's axis."""
    width, height = size
    local = (points - np.array(camera.position)) @ camera_axes(camera).T
    depth = local[:, 2]
    scale = camera.focal / SENSOR * width / np.where(np.abs(depth) < 1e-9, 1e-9, depth)
    return np.stack([width / 2 + scale * local[:, 0], height / 2 - scale * local[:, 1], depth], axis=1)


def rasterize(
    points: np.ndarray, triangles: np.ndarray, camera: Camera, size: tuple[int, int], pad: int = 0
) -> np.ndarray:
    """Draws one object.

    Args:
        points: `(N, 3)` vertices in the world.
        triangles: `(M, 3)` positions in `points`; both sides are drawn, none that reaches behind the camera.
        camera: The camera.
        size: `(width, height)` of the image in px.
        pad: Pixels to draw beyond each side of the image.

    Returns:
        `(height + 2 pad, width + 2 pad)` float64, one over the depth of the nearest surface, 0 where there is none.
    """
    width, height = size[0] + 2 * pad, size[1] + 2 * pad
    canvas = np.zeros((height, width))
    corners = project(points, camera, size)[triangles]
    corners = corners[(corners[:, :, 2] > NEAR).all(axis=1)]
    flat = corners[:, :, :2] + pad
    low = np.ceil(flat.min(axis=1) - 0.5).astype(np.int64).clip(0, (width, height))
    high = np.floor(flat.max(axis=1) - 0.5).astype(np.int64).clip(-1, (width - 1, height - 1))
    extent = (high - low + 1).max(axis=1)
    drawn = (high >= low).all(axis=1)
    side = 4
    while drawn.any():
        chosen = drawn & (extent <= side)
        drawn &= ~chosen
        step = max(1, _CHUNK // (side * side))
        spots = np.flatnonzero(chosen)
        for start in range(0, len(spots), step):
            part = spots[start : start + step]
            _fill(canvas, flat[part], 1 / corners[part, :, 2], low[part], high[part], side)
        side *= 2
    return canvas


def _fill(canvas: np.ndarray, flat: np.ndarray, near: np.ndarray, low: np.ndarray, high: np.ndarray, side: int) -> None:
    """Draws triangles whose windows are at most `side` px wide and high; one over the depth is linear in the image."""
    x = low[:, 0, None, None] + np.arange(side)[None, None, :]
    y = low[:, 1, None, None] + np.arange(side)[None, :, None]
    ax, ay, bx, by, cx, cy = (flat[:, corner, axis, None, None] for corner in range(3) for axis in range(2))
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    safe = np.where(area == 0, 1.0, area)
    first = ((bx - x - 0.5) * (cy - y - 0.5) - (cx - x - 0.5) * (by - y - 0.5)) / safe
    second = ((cx - x - 0.5) * (ay - y - 0.5) - (ax - x - 0.5) * (cy - y - 0.5)) / safe
    third = 1 - first - second
    inside = (first >= 0) & (second >= 0) & (third >= 0) & (area != 0)
    inside &= (x <= high[:, 0, None, None]) & (y <= high[:, 1, None, None])
    value = first * near[:, 0, None, None] + second * near[:, 1, None, None] + third * near[:, 2, None, None]
    rows = np.broadcast_to(y, inside.shape)[inside]
    columns = np.broadcast_to(x, inside.shape)[inside]
    np.maximum.at(canvas, (rows, columns), value[inside])
