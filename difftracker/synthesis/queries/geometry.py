"""Where a change lies, with margins: each question is answered True, False, or None where people could disagree.

All boxes are `(x1, y1, x2, y2)` pixels of one frame of size `(width, height)`.
"""

from __future__ import annotations

import math

from ...structures import Box

PLACES: tuple[str, ...] = (
    'left', 'right', 'top', 'bottom', 'centre', 'top left', 'top right', 'bottom left', 'bottom right',
)  # fmt: skip
RELATIONS: tuple[str, ...] = ('left of', 'right of', 'above', 'below', 'near')
DIRECTIONS: tuple[str, ...] = ('left', 'right', 'up', 'down')

_HALF_TRUE, _HALF_FALSE = 0.4, 0.6
_CORNER_TRUE, _CORNER_FALSE = 0.34, 0.55
_WIDE = 0.6


def centre_of(box: Box, width: int, height: int) -> tuple[float, float]:
    """Returns the centre of a box as fractions of the frame."""
    return (box[0] + box[2]) / 2 / width, (box[1] + box[3]) / 2 / height


def area_of(box: Box, width: int, height: int) -> float:
    """Returns the area of a box as a fraction of the frame."""
    return (box[2] - box[0]) * (box[3] - box[1]) / (width * height)


def all_true(values: list[bool | None]) -> bool | None:
    """Three-valued AND: False wins over unclear, unclear over True."""
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


def _below(value: float, true_under: float, false_over: float) -> bool | None:
    if value < true_under:
        return True
    return False if value > false_over else None


def _half(position: float, extent: float, low: bool, corner: bool) -> bool | None:
    if extent > _WIDE:
        return None
    true_under, false_over = (_CORNER_TRUE, _CORNER_FALSE) if corner else (_HALF_TRUE, _HALF_FALSE)
    return _below(position if low else 1 - position, true_under, false_over)


def place_truth(box: Box, place: str, width: int, height: int) -> bool | None:
    """Says whether a box lies in a named part of the picture (a value of `PLACES`)."""
    x, y = centre_of(box, width, height)
    if place == 'centre':
        return _below(max(abs(x - 0.5), abs(y - 0.5)), 0.13, 0.25)
    words = place.split()
    corner = len(words) == 2
    answers: list[bool | None] = []
    for word in words:
        if word in ('left', 'right'):
            answers.append(_half(x, (box[2] - box[0]) / width, word == 'left', corner))
        else:
            answers.append(_half(y, (box[3] - box[1]) / height, word == 'top', corner))
    return all_true(answers)


def size_truth(box: Box, size: str, width: int, height: int) -> bool | None:
    """Says whether a box is `small` or `large` for the picture."""
    area = area_of(box, width, height)
    if size == 'small':
        return _below(area, 0.01, 0.03)
    return _below(-area, -0.12, -0.05)


def gap(first: Box, second: Box) -> float:
    """Returns the distance in pixels between two boxes, 0 where they touch or overlap."""
    dx = max(first[0] - second[2], second[0] - first[2], 0.0)
    dy = max(first[1] - second[3], second[1] - first[3], 0.0)
    return math.hypot(dx, dy)


def overlap(first: Box, second: Box) -> float:
    """Returns the intersection as a fraction of the smaller box's area."""
    dx = min(first[2], second[2]) - max(first[0], second[0])
    dy = min(first[3], second[3]) - max(first[1], second[1])
    smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (first, second))
    return dx * dy / smaller if dx > 0 and dy > 0 and smaller > 0 else 0.0


def relation_truth(box: Box, relation: str, reference: Box, width: int, height: int) -> bool | None:
    """Says whether a box stands in a relation of `RELATIONS` to a reference box.

    `left of` and its like are True where the box's centre is clear of the reference on that side, the box does not
    reach past the reference's middle, and the offset is mostly along that axis; False where it lies on the other side
    of the reference's centre.
    """
    diagonal = math.hypot(width, height)
    if relation == 'near':
        if overlap(box, reference) > 0.3:
            return None
        return _below(gap(box, reference) / diagonal, 0.06, 0.2)
    axis = 0 if relation in ('left of', 'right of') else 1
    sign = 1 if relation in ('left of', 'above') else -1
    extent = (width, height)[axis]
    middle = [(box[i] + box[i + 2]) / 2 for i in (0, 1)]
    other = [(reference[i] + reference[i + 2]) / 2 for i in (0, 1)]
    offset = sign * (other[axis] - middle[axis])
    if offset < -0.05 * extent:
        return False
    low, high = reference[axis], reference[axis + 2]
    clear = low - middle[axis] if sign > 0 else middle[axis] - high
    reach = other[axis] - box[axis + 2] if sign > 0 else box[axis] - other[axis]
    across = abs(other[1 - axis] - middle[1 - axis])
    if clear > 0.03 * extent and reach > 0 and across < 0.8 * offset:
        return True
    return None


def direction_truth(before: Box, after: Box, direction: str, width: int, height: int) -> bool | None:
    """Says whether an object went mainly in a direction of `DIRECTIONS`."""
    start, end = centre_of(before, width, height), centre_of(after, width, height)
    shift = (end[0] - start[0], end[1] - start[1])
    axis = 0 if direction in ('left', 'right') else 1
    along = shift[axis] if direction in ('right', 'down') else -shift[axis]
    if along > 0.08 and along > 1.5 * abs(shift[1 - axis]):
        return True
    return False if along < 0.02 else None
