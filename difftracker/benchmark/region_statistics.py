"""What a region of one image tells about editing, without any training and without the other image.

Each statistic compares a region, a window `(x1, y1, x2, y2)` in px, with its surroundings, so that a picture's own
noise, light and sharpness cancel out. The choice of statistics is ours; they look for what editing is known to leave:
other noise, other sharpness, other compression, a seam, a copied place, a colour that does not belong.
"""

from __future__ import annotations

import cv2
import numpy as np

from difftracker.synthesis.raster import Window, crop

# Width of the surroundings that a region is compared with, as a share of its longer side, at least in px.
RING_SHARE, SMALLEST_RING = 0.35, 6
# Half the width in px of the band along the border in which a seam is looked for.
SEAM = 2
BLOCK = 8
# Copies are looked for at this size of the longer side; a copy closer than half a region is the region itself.
COPY_SIDE = 192
_EPS = 0.25

STATISTICS = ('noise', 'sharpness', 'blocks', 'seam', 'copy', 'colour')


class RegionStatistics:
    """Measures regions of one image.

    Args:
        image: `(H, W, 3)` uint8 RGB.
    """

    def __init__(self, image: np.ndarray) -> None:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        self.grey = grey
        self.gradient = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        # Second differences in both directions: edges and slopes cancel out, grain stays.
        self.grain = np.abs(cv2.filter2D(grey, cv2.CV_32F, np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)))
        lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        self.chroma = np.hypot(lab[..., 1], lab[..., 2])

    def measure(self, window: Window) -> np.ndarray:
        """Returns the statistics of one region.

        Args:
            window: The region, at least 8 px wide and high, inside the image and not all of it.

        Returns:
            `(6,)` float64 in the order of `STATISTICS`. The first four and the last are logarithms of ratios, 0 where
            the region is like its surroundings; `copy` is the correlation with the most similar other place, at most 1.
        """
        inside, around = _masks(self.grey.shape, window)
        border = _border_band(self.grey.shape, window)
        return np.array(
            [
                _log_ratio(np.median(self.grain[inside]), np.median(self.grain[around])),
                _log_ratio(self.gradient[inside].mean(), self.gradient[around].mean()),
                _blockiness(self.grey, inside) - _blockiness(self.grey, around),
                _log_ratio(self.gradient[border].mean(), self.gradient[(inside | around) & ~border].mean()),
                _best_copy(self.grey, window),
                _log_ratio(self.chroma[inside].mean(), self.chroma[around].mean()),
            ]
        )


def _log_ratio(value: float, other: float) -> float:
    return float(np.log((value + _EPS) / (other + _EPS)))


def _masks(shape: tuple, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Returns the region and its surroundings, both `(H, W)` bool."""
    x1, y1, x2, y2 = window
    ring = max(round(max(x2 - x1, y2 - y1) * RING_SHARE), SMALLEST_RING)
    inside, around = np.zeros(shape, bool), np.zeros(shape, bool)
    crop(inside, window)[:] = True
    around[max(y1 - ring, 0) : y2 + ring, max(x1 - ring, 0) : x2 + ring] = True
    return inside, around & ~inside


def _border_band(shape: tuple, window: Window) -> np.ndarray:
    """Returns the pixels near the region's border, `(H, W)` bool."""
    x1, y1, x2, y2 = window
    band = np.zeros(shape, bool)
    band[max(y1 - SEAM, 0) : y2 + SEAM, max(x1 - SEAM, 0) : x2 + SEAM] = True
    band[y1 + SEAM : y2 - SEAM, x1 + SEAM : x2 - SEAM] = False
    return band


def _blockiness(grey: np.ndarray, region: np.ndarray) -> float:
    """Returns how much larger steps across the borders of JPEG's blocks are than other steps, as a logarithm."""
    on, off = [], []
    for axis in (0, 1):
        steps = np.abs(np.diff(grey, axis=axis))
        kept = region[1:] if axis == 0 else region[:, 1:]
        at_border = np.zeros(steps.shape, bool)
        if axis == 0:
            at_border[BLOCK - 1 :: BLOCK] = True
        else:
            at_border[:, BLOCK - 1 :: BLOCK] = True
        on.append(steps[at_border & kept])
        off.append(steps[~at_border & kept])
    border, other = np.concatenate(on), np.concatenate(off)
    return _log_ratio(border.mean(), other.mean()) if border.size and other.size else 0.0


def _best_copy(grey: np.ndarray, window: Window) -> float:
    """Returns the correlation of a region with the place elsewhere that is most like it, 0 where none can be."""
    scale = min(1.0, COPY_SIDE / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    x1, y1, x2, y2 = (round(value * scale) for value in window)
    part = small[y1:y2, x1:x2]
    # A flat region correlates with nothing.
    if min(part.shape) < 3 or part.std() < 1.0:
        return 0.0
    likeness = cv2.matchTemplate(small, part, cv2.TM_CCOEFF_NORMED)
    reach_y, reach_x = part.shape[0] // 2, part.shape[1] // 2
    likeness[max(y1 - reach_y, 0) : y1 + reach_y + 1, max(x1 - reach_x, 0) : x1 + reach_x + 1] = 0.0
    return float(np.nanmax(np.clip(likeness, 0.0, 1.0)))
