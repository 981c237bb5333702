"""The structural similarity index."""

from __future__ import annotations

import cv2
import numpy as np

# Of Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to structural similarity",
# IEEE Transactions on Image Processing 13 (2004): an 11 x 11 Gaussian window, K1 and K2.
SIGMA = 1.5
WINDOW = 11
K1, K2 = 0.01, 0.03


def structural_similarity(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Compares luminance, contrast and structure of two pictures in a window around each pixel.

    Args:
        first: `(H, W)` uint8.
        second: The same size.

    Returns:
        `(H, W)` float64 in [-1, 1], 1 where the windows are equal. Beyond the border the picture is mirrored.
    """
    a, b = first.astype(np.float64), second.astype(np.float64)
    mean_a, mean_b = _window_mean(a), _window_mean(b)
    variance_a = _window_mean(a * a) - mean_a**2
    variance_b = _window_mean(b * b) - mean_b**2
    covariance = _window_mean(a * b) - mean_a * mean_b
    c1, c2 = (K1 * 255) ** 2, (K2 * 255) ** 2
    likeness = (2 * mean_a * mean_b + c1) * (2 * covariance + c2)
    return likeness / ((mean_a**2 + mean_b**2 + c1) * (variance_a + variance_b + c2))


def _window_mean(image: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(image, (WINDOW, WINDOW), SIGMA, borderType=cv2.BORDER_REFLECT)
