"""Classical change detection: align, subtract, threshold."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .difference_baseline import DifferenceBaseline


@dataclass(frozen=True)
class PixelDifference(DifferenceBaseline):
    """Regions of high difference in colour.

    The images are aligned, the light of one is fitted to the other, both are smoothed and subtracted in CIELAB.

    Attributes:
        floor: Smallest difference in CIELAB that can be a change, whatever Otsu's method says.
        blur: Standard deviation of the smoothing, in pixels of a picture of 640 pixels diagonal.
    """

    floor: float = 12.0
    blur: float = 1.2

    def compare(self, before: np.ndarray, after: np.ndarray, warped: bool) -> np.ndarray:
        """Returns the difference per pixel in units of CIELAB; see `DifferenceBaseline`."""
        sigma = max(0.5, self.blur * float(np.hypot(*after.shape[:2])) / 640)
        first, second = (cv2.GaussianBlur(_lab(image), (0, 0), sigma) for image in (before, after))
        if not warped:
            return np.linalg.norm(first - second, axis=2)
        # A warp leaves edges a fraction of a pixel off; only what fits none of its neighbours counts as changed.
        return _least_difference(first, second)


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
