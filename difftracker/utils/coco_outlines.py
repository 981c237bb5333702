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
        `(height, width)` bool, empty where no polygon has an area.

    Raises:
        ValueError: It is no outline, or run lengths of another size.
    """
    expected = f'expected the outline of an object in {width} x {height} px, as polygons or run lengths'
    try:
        mask = _decode(outline, height, width)
    except Exception as error:  # pycocotools raises exceptions of any kind on what it does not understand
        raise ValueError(f'{expected}, found {str(outline)[:80]} ({error})') from error
    if mask.shape != (height, width):
        raise ValueError(f'{expected}, found run lengths of {mask.shape[1]} x {mask.shape[0]} px')
    return mask


def _decode(outline: list[list[float]] | dict[str, Any], height: int, width: int) -> np.ndarray:
    if isinstance(outline, list):
        polygons = [polygon for polygon in outline if len(polygon) >= POLYGON_NUMBERS]
        if not polygons:
            return np.zeros((height, width), bool)
        runs = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
    elif isinstance(outline['counts'], list):
        runs = coco_mask.frPyObjects(outline, height, width)
    else:
        # Compressed runs state their size themselves.
        runs = outline
    return coco_mask.decode(runs).astype(bool)
