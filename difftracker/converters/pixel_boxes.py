"""Boxes for data sets that publish none: from our own alignment and pixel difference."""

from __future__ import annotations

from difftracker.baselines import PixelDifference
from difftracker.structures import Change

from .converter import UNKNOWN_KIND
from .picture import Picture

SOURCE = 'pixel-difference'
NEEDED = 'has no boxes; --pixel-boxes takes them from alignment and pixel difference, which errs'


def pixel_changes(before: Picture, after: Picture) -> tuple[Change, ...]:
    """Finds what differs between two images.

    Args:
        before, after: The images.

    Returns:
        One change for each region of `PixelDifference`, the largest difference first, with the field `box_source`. The
        box is found in the after image; the before image gets the same place, scaled to its size.
    """
    boxes, _ = PixelDifference()(before.pixels, after.pixels)
    width, height = after.size
    across, down = before.size[0] / width, before.size[1] / height
    changes = []
    for number, (x1, y1, x2, y2) in enumerate(boxes.tolist()):
        places = [
            tuple(round(value, 2) for value in place)
            for place in ((x1 * across, y1 * down, x2 * across, y2 * down), (x1, y1, x2, y2))
        ]
        changes.append(Change(number, UNKNOWN_KIND, *places, extra={'box_source': SOURCE}))
    return tuple(changes)
