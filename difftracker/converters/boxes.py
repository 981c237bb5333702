"""From published boxes and masks to boxes of the annotation format."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from difftracker.errors import AnnotationError
from difftracker.structures import Box

from .picture import Picture


def box_in(picture: Picture, values: Any, where: str, frame: tuple[float, float] | None = None) -> Box:
    """Brings a published box into the upright picture.

    The loaders of the data sets open files without looking at EXIF, so a published box counts in the stored pixels and
    has to be turned with them.

    Args:
        picture: The picture that the box belongs to.
        values: `x1, y1, x2, y2`.
        where: What the box stands in, for the error.
        frame: `(width, height)` that the box counts in, where that is not the stored size: a mask of another size, or
            `(1, 1)` for fractions.

    Returns:
        `(x1, y1, x2, y2)` in pixels of the upright picture, clipped to it, rounded to two decimals.

    Raises:
        AnnotationError: `values` are not four finite numbers, or nothing of the box lies inside the picture.
    """
    box = _four_numbers(values, where)
    width, height = picture.stored_size
    if frame is not None:
        across, down = width / frame[0], height / frame[1]
        box = (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
    x1, y1, x2, y2 = max(box[0], 0.0), max(box[1], 0.0), min(box[2], width), min(box[3], height)
    if x2 - x1 < 0.01 or y2 - y1 < 0.01:
        reason = f'expected a box with an area inside the {width} x {height} picture, found {list(values)}'
        raise AnnotationError(where, reason)
    x1, y1, x2, y2 = turn_box((x1, y1, x2, y2), picture.orientation, (width, height))
    return (round(x1, 2), round(y1, 2), round(x2, 2), round(y2, 2))


def turn_box(box: Box, orientation: int, size: tuple[int, int]) -> Box:
    """Turns a box as EXIF asks the picture to be turned.

    Args:
        box: `(x1, y1, x2, y2)` in stored pixels.
        orientation: EXIF code; codes beyond 1 to 8 mean no turn.
        size: `(width, height)` of the stored picture.

    Returns:
        The box in pixels of the upright picture.
    """
    x1, y1, x2, y2 = box
    width, height = size
    left, right, top, bottom = (width - x2, width - x1, height - y2, height - y1)
    turned = {
        2: (left, y1, right, y2),
        3: (left, top, right, bottom),
        4: (x1, top, x2, bottom),
        5: (y1, x1, y2, x2),
        6: (top, x1, bottom, x2),
        7: (top, left, bottom, right),
        8: (y1, left, y2, right),
    }
    return turned.get(orientation, box)


def corners(values: Any, where: str) -> tuple[float, float, float, float]:
    """Turns `x, y, width, height` into `x1, y1, x2, y2`.

    Raises:
        AnnotationError: `values` are not four finite numbers.
    """
    x, y, width, height = _four_numbers(values, where)
    return x, y, x + width, y + height


def _four_numbers(values: Any, where: str) -> tuple[float, float, float, float]:
    fit = isinstance(values, Sequence) and not isinstance(values, str) and len(values) == 4
    if not fit or not all(isinstance(value, (int, float)) and math.isfinite(value) for value in values):
        raise AnnotationError(where, f'expected a box of four numbers, found {values!r}')
    return float(values[0]), float(values[1]), float(values[2]), float(values[3])
