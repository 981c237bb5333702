"""From masks to boxes."""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage


def boxes_of_mask(
    mask: np.ndarray, min_area: int = 1, reach: int = 0, neighbours: int = 8
) -> list[tuple[int, int, int, int]]:
    """Returns the boxes of the connected pieces of a mask.

    Args:
        mask: `(H, W)` bool.
        min_area: Pixels of the mask that a piece must have.
        reach: Radius in px of the disc that the mask is grown by before it is cut into pieces, so that pieces up to
            about twice as far apart count as one. The boxes enclose the mask as it was.
        neighbours: 8, or 4: pieces that touch at a corner only are two.

    Returns:
        `(x1, y1, x2, y2)` in pixels, in the order in which rows from the top meet the pieces.
    """
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    _, labels = cv2.connectedComponents(cv2.dilate(mask.astype(np.uint8), disc), connectivity=neighbours)
    labels[~mask] = 0
    areas = np.bincount(labels.ravel())
    pieces = enumerate(ndimage.find_objects(labels), start=1)
    return [
        (columns.start, rows.start, columns.stop, rows.stop)
        for place, (rows, columns) in ((place, piece) for place, piece in pieces if piece is not None)
        if areas[place] >= min_area
    ]
