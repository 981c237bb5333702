"""Where two pictures differ, pixel by pixel."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components

from difftracker.utils.mask_boxes import boxes_of_mask


def differing_regions(before: np.ndarray, after: np.ndarray, threshold: int, reach: int) -> np.ndarray:
    """Returns the boxes of what differs.

    Differing pixels that lie near one another are one region, and regions whose boxes overlap are one too. What only
    one of the pictures covers differs.

    Args:
        before, after: `(H, W, 3)` uint8; of unequal sizes they share their top left corners.
        threshold: Largest difference of any channel that counts as none, in grey levels.
        reach: Differing pixels up to about twice as far apart are one region, in pixels.

    Returns:
        `(N, 4)` float32 xyxy pixels, the largest region first.
    """
    height, width = np.maximum(before.shape[:2], after.shape[:2])
    common = tuple(slice(length) for length in np.minimum(before.shape[:2], after.shape[:2]))
    differs = np.ones((height, width), dtype=bool)
    # The sign goes where it does no harm: the smaller from the larger, so that eight bits suffice.
    first, second = before[common], after[common]
    differs[common] = (np.maximum(first, second) - np.minimum(first, second)).max(-1) > threshold
    boxes = _merge_overlapping(np.array(boxes_of_mask(differs, reach=reach), dtype=np.float32).reshape(-1, 4))
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return boxes[np.argsort(-area, kind='stable')]


def _merge_overlapping(boxes: np.ndarray) -> np.ndarray:
    """Replaces boxes that overlap by the box around them until none overlap."""
    while True:
        low, high = boxes[:, None, :2], boxes[:, None, 2:]
        count, group = connected_components(((low < high.swapaxes(0, 1)) & (low.swapaxes(0, 1) < high)).all(-1))
        if count == len(boxes):
            return boxes
        members = [boxes[group == place] for place in range(count)]
        boxes = np.array([[*part[:, :2].min(0), *part[:, 2:].max(0)] for part in members], dtype=np.float32)
