"""From a map of how much each pixel differs to boxes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class DifferenceRegions:
    """Boxes of the regions where a difference map is high, the largest summed difference first.

    Otsu's threshold, with a floor, and morphology make regions.

    Attributes:
        floor: Smallest difference that can be a change, whatever Otsu's method says; in the map's own units.
        join: Gaps up to this share of the diagonal are bridged, so that one thing is one box.
        min_area: Smallest region as a share of the picture, but never below four pixels. The default keeps noise out of
            photographs.
        min_score: Regions with less than this share of the largest region's summed difference are dropped.
        margin: Boxes are grown by this share of the diagonal on each side. How loosely a set's boxes are drawn is a
            habit of its annotators that no picture tells.
        max_boxes: At most so many boxes.
    """

    floor: float
    join: float = 0.03
    min_area: float = 2e-4
    min_score: float = 0.05
    margin: float = 0.0
    max_boxes: int = 20

    def __call__(self, difference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Finds the regions.

        Args:
            difference: `(H, W)` float32, at least 0.

        Returns:
            Boxes `(N, 4)`, xyxy pixels, and scores `(N,)`, each region's share of the summed difference of all regions,
            falling.
        """
        diagonal = float(np.hypot(*difference.shape))
        mask = (difference > max(self.floor, _otsu(difference))).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        reach = max(3, round(self.join * diagonal) | 1)
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
        boxes, scores = self._boxes(joined, difference * mask)
        grown = boxes + self.margin * diagonal * np.array([-1, -1, 1, 1])
        height, width = difference.shape
        return grown.clip(0, [width, height, width, height]), scores

    def _boxes(self, joined: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        count, labels = cv2.connectedComponents(joined, connectivity=8)
        if count <= 1:
            return np.zeros((0, 4)), np.zeros(0)
        flat = labels.ravel()
        sums = np.bincount(flat, weights=weight.ravel(), minlength=count)[1:]
        areas = np.bincount(flat, weights=(weight > 0).ravel(), minlength=count)[1:]
        kept = np.nonzero((areas >= max(4, self.min_area * weight.size)) & (sums >= self.min_score * sums.max()))[0]
        kept = kept[np.argsort(-sums[kept], kind='stable')][: self.max_boxes]
        boxes = np.array([_extent((labels == place + 1) & (weight > 0)) for place in kept], dtype=np.float64)
        return boxes.reshape(-1, 4), sums[kept] / sums.sum()


def _otsu(difference: np.ndarray) -> float:
    """Otsu's threshold (1979) of the differences, in their own units."""
    top = float(difference.max())
    if top <= 0:
        return 0.0
    levels = np.round(difference * (255 / top)).astype(np.uint8)
    return cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0] * top / 255


def _extent(region: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(region.any(axis=1))[0], np.nonzero(region.any(axis=0))[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
