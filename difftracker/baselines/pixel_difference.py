"""Classical change detection: align, subtract, threshold."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .alignment import align_images, match_light


@dataclass(frozen=True)
class PixelDifference:
    """Boxes of what differs between two pictures, the largest difference first; it cannot read a sentence.

    The images are aligned, the light of one is fitted to the other, both are smoothed and subtracted in CIELAB; Otsu's
    threshold, with a floor, and morphology make regions, and each region's box is scored by its summed difference.

    Attributes:
        align: Warp the before image into the frame of the after image first. Off for pairs known to be aligned.
        floor: Smallest difference in CIELAB that can be a change, whatever Otsu's method says.
        blur: Standard deviation of the smoothing, in pixels of a picture of 640 pixels diagonal.
        join: Gaps up to this share of the diagonal are bridged, so that one thing is one box.
        min_area: Smallest region as a share of the picture.
        min_score: Regions with less than this share of the largest region's summed difference are dropped.
        max_boxes: At most so many boxes.
    """

    align: bool = True
    floor: float = 12.0
    blur: float = 1.2
    join: float = 0.03
    min_area: float = 2e-4
    min_score: float = 0.05
    max_boxes: int = 20

    def __call__(self, before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Finds what differs.

        Args:
            before: `(H, W, 3)` uint8 RGB.
            after: `(H', W', 3)` uint8 RGB; a before image of another size is scaled to it.

        Returns:
            Boxes `(N, 4)`, xyxy pixels of the after image, and scores `(N,)`, each region's share of the summed
            difference of all regions, falling.
        """
        difference = self.difference(before, after)
        diagonal = float(np.hypot(*difference.shape))
        mask = (difference > max(self.floor, _otsu(difference))).astype(np.uint8)
        mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        reach = max(3, round(self.join * diagonal) | 1)
        joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
        return self._boxes(joined, difference * mask)

    def difference(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Returns the difference per pixel of the after image, `(H', W')` float32, in units of CIELAB."""
        if before.shape != after.shape:
            before = cv2.resize(before, (after.shape[1], after.shape[0]), interpolation=cv2.INTER_AREA)
        inside = None
        if self.align:
            before, inside = align_images(before, after)
        before = match_light(before, after, inside)
        sigma = max(0.5, self.blur * float(np.hypot(*after.shape[:2])) / 640)
        first, second = (cv2.GaussianBlur(_lab(image), (0, 0), sigma) for image in (before, after))
        if inside is None:
            return np.linalg.norm(first - second, axis=2)
        # A warp leaves edges a fraction of a pixel off; only what fits none of its neighbours counts as changed.
        difference = _least_difference(first, second)
        difference[cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0] = 0
        return difference

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


def _lab(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)


def _least_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Smallest distance of a pixel of `second` to the 3 x 3 pixels of `first` around it."""
    height, width = second.shape[:2]
    padded = cv2.copyMakeBorder(first, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    least = np.full((height, width), np.inf, dtype=np.float32)
    for top in range(3):
        for left in range(3):
            shifted = padded[top : top + height, left : left + width]
            np.minimum(least, np.linalg.norm(shifted - second, axis=2), out=least)
    return least


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
