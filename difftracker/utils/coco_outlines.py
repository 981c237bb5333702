"""From COCO's outlines to masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

# Three corners of two numbers each: no polygon with fewer has an area, and pycocotools takes four numbers for a box.
POLYGON_NUMBERS = 6


def outline_mask(outline: list[list[float]] | dict[str, Any], height: int, width: int) -> np.ndarray:
    """Returns the mask of an object.

    Args:
        outline: The field `segmentation` of a COCO annotation: polygons in px, or run lengths, compressed or not.
        height, width: Size of the picture in px.

    Returns:
        `(height, width)` bool, empty where no polygon has an area; compressed run lengths come in the size that they
        state themselves. pycocotools raises exceptions of any kind on what is no outline.
    """
    if isinstance(outline, list):
        polygons = [polygon for polygon in outline if len(polygon) >= POLYGON_NUMBERS]
        if not polygons:
            return np.zeros((height, width), bool)
        runs = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    elif isinstance(outline['counts'], list):
        runs = coco_mask.frPyObjects(outline, height, width)
    else:
        runs = outline
    return coco_mask.decode(runs).astype(bool)
