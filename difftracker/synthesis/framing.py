"""Choosing a part of a photograph."""

from __future__ import annotations

import cv2
import numpy as np

from difftracker.synthesis.instance import Instance
from difftracker.synthesis.raster import crop, mask_window
from difftracker.synthesis.sources.picture import Picture

SMALLEST_PART = 0.7
BORDER = 2
SMALLEST_AREA = 40


def frame_picture(picture: Picture, long_side: int, rng: np.random.Generator) -> tuple[np.ndarray, list[Instance]]:
    """Takes a random part of a photograph, mirrored half of the time, at a given size.

    Args:
        picture: The photograph.
        long_side: Longer side of the result in px.
        rng: Draws the part.

    Returns:
        The image `(H, W, 3)` uint8 and the objects in it; those that the new border cuts are no longer whole.
    """
    height, width = picture.image.shape[:2]
    share = rng.uniform(SMALLEST_PART, 1.0) if rng.random() < 0.7 else 1.0
    part_w, part_h = max(round(width * share), 8), max(round(height * share), 8)
    x, y = int(rng.integers(width - part_w + 1)), int(rng.integers(height - part_h + 1))
    window = (x, y, x + part_w, y + part_h)
    scale = long_side / max(part_w, part_h)
    size = (max(round(part_w * scale), 8), max(round(part_h * scale), 8))
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    image = cv2.resize(crop(picture.image, window), size, interpolation=mode)
    mirrored = rng.random() < 0.5
    instances = []
    for instance in picture.instances:
        part = crop(instance.mask, window)
        if not part.any():
            continue
        mask = cv2.resize(part.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
        if np.count_nonzero(mask) < SMALLEST_AREA:
            continue
        x1, y1, x2, y2 = mask_window(mask)
        inside = x1 >= BORDER and y1 >= BORDER and x2 <= size[0] - BORDER and y2 <= size[1] - BORDER
        mask = np.ascontiguousarray(mask[:, ::-1]) if mirrored else mask
        instances.append(Instance(instance.label, mask, instance.whole and inside))
    return (np.ascontiguousarray(image[:, ::-1]) if mirrored else image), instances
