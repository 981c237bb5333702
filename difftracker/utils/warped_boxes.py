"""Boxes under a homography."""

from __future__ import annotations

import numpy as np


def warp_boxes(boxes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Moves boxes by a homography.

    A box becomes a quadrilateral; what is returned has each side where the two corners of that side lie on average, so
    that a small turn does not make boxes grow, as their hull would.

    Args:
        boxes: `(N, 4)` xyxy.
        matrix: `(3, 3)`.

    Returns:
        `(N, 4)` float64 xyxy.
    """
    x1, y1, x2, y2 = np.asarray(boxes, dtype=np.float64).reshape(-1, 4).T
    ones = np.ones_like(x1)
    corners = np.stack([np.stack([x, y, ones]) for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2))])
    moved = np.einsum('ij,cjn->cin', matrix, corners)
    x, y = moved[:, 0] / moved[:, 2], moved[:, 1] / moved[:, 2]
    sides = (x[[0, 3]].mean(0), y[[0, 1]].mean(0), x[[1, 2]].mean(0), y[[2, 3]].mean(0))
    return np.stack(sides, axis=1)
