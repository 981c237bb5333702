"""Where two pictures differ, pixel by pixel."""

from __future__ import annotations

import cv2
import numpy as np

from .mask_boxes import boxes_of_mask


def differing_regions(
    before: np.ndarray,
    after: np.ndarray,
    threshold: int,
    reach: int,
    least_fill: float = 0.0,
    most_cover: float = 0.0,
) -> np.ndarray:
    """Returns the boxes of what differs.

    Differing pixels that lie near one another are one region, and regions whose boxes overlap or touch are one too.

    Args:
        before, after: `(H, W, 3)` uint8; of unequal sizes they share their top left corners, and what only one of them
            covers is compared with nothing.
        threshold: Largest difference of any channel that counts as none, in grey levels.
        reach: Differing pixels with gaps of up to about twice so many pixels are one region.
        least_fill: Share of the boxes' summed area that must differ where they cover more than `most_cover`. What is
            scattered more thinly, as along all edges of two specimens of a board, makes no regions.
        most_cover: Share of the picture up to which boxes may hold as little as they like: the outline of a button
            that got another colour is thin, but it is in one place.

    Returns:
        `(N, 4)` float32 xyxy pixels, the largest region first.
    """
    common = tuple(slice(length) for length in np.minimum(before.shape[:2], after.shape[:2]))
    first, second = before[common], after[common]
    red, green, blue = np.moveaxis(cv2.absdiff(first, second), -1, 0)
    differs = np.maximum(np.maximum(red, green), blue) > threshold
    boxes = np.array(_merge_overlapping(boxes_of_mask(differs, reach=reach), differs.shape), dtype=np.float32)
    boxes = boxes.reshape(-1, 4)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    if area.sum() > most_cover * differs.size and differs.sum() < least_fill * area.sum():
        return boxes[:0]
    return boxes[np.argsort(-area, kind='stable')]


def _merge_overlapping(
    boxes: list[tuple[int, int, int, int]], shape: tuple[int, int]
) -> list[tuple[int, int, int, int]]:
    """Replaces boxes that overlap by the box around them until none overlap.

    By painting, since comparing each with each takes minutes where a dithered picture differs at thousands of places.
    """
    while True:
        covered = np.zeros(shape, dtype=bool)
        for x1, y1, x2, y2 in boxes:
            covered[y1:y2, x1:x2] = True
        merged = boxes_of_mask(covered)
        if len(merged) == len(boxes):
            return merged
        boxes = merged
