"""Pixel helpers that the edits share.

Images are RGB uint8 `(H, W, 3)`, masks bool `(H, W)`, windows `(x1, y1, x2, y2)`.
"""

from __future__ import annotations

import cv2
import numpy as np

Window = tuple[int, int, int, int]


def mask_window(mask: np.ndarray, margin: int = 0) -> Window:
    """Returns the tight window of a mask, grown by `margin` px and clipped to the picture.

    Args:
        mask: `(H, W)` bool with at least one pixel set.
        margin: Pixels to add on each side.

    Raises:
        ValueError: When the mask is empty.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    cols = np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise ValueError('mask_window expects a mask with at least one pixel, got an empty one')
    height, width = mask.shape
    return (
        max(int(cols[0]) - margin, 0),
        max(int(rows[0]) - margin, 0),
        min(int(cols[-1]) + 1 + margin, width),
        min(int(rows[-1]) + 1 + margin, height),
    )


def crop(array: np.ndarray, window: Window) -> np.ndarray:
    """Returns the view of an array inside a window."""
    x1, y1, x2, y2 = window
    return array[y1:y2, x1:x2]


def dilate(mask: np.ndarray, radius: int) -> np.ndarray:
    """Returns the mask grown by a disc of `radius` px; only the mask's own window is worked on."""
    if radius <= 0 or not mask.any():
        return mask.copy()
    grown = np.zeros_like(mask)
    window = mask_window(mask, radius + 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    crop(grown, window)[:] = cv2.dilate(crop(mask, window).astype(np.uint8), kernel) > 0
    return grown


def soft_mask(mask: np.ndarray, sigma: float, inside: bool = True) -> np.ndarray:
    """Returns a float32 alpha in `[0, 1]` that falls off over the mask's edge.

    Args:
        mask: `(H, W)` bool.
        sigma: Width of the edge in px.
        inside: Keep the alpha 0 outside the mask, so that nothing beyond it is touched.
    """
    alpha = mask.astype(np.float32)
    if sigma <= 0:
        return alpha
    blurred = cv2.GaussianBlur(alpha, (0, 0), sigma)
    return np.clip(2.0 * blurred - 1.0, 0.0, 1.0) * alpha if inside else blurred


def blend(under: np.ndarray, over: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Returns `alpha * over + (1 - alpha) * under` as uint8; both images `(H, W, 3)`, alpha `(H, W)` in `[0, 1]`."""
    weight = alpha[..., None]
    mixed = over.astype(np.float32) * weight + under.astype(np.float32) * (1.0 - weight)
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def to_lab(image: np.ndarray) -> np.ndarray:
    """Returns CIE L*a*b* as float32 `(H, W, 3)`, L in `[0, 100]`."""
    return cv2.cvtColor(image.astype(np.float32) / 255.0, cv2.COLOR_RGB2Lab)


def from_lab(lab: np.ndarray) -> np.ndarray:
    """Returns RGB uint8 of a float32 L*a*b* image."""
    rgb = cv2.cvtColor(np.ascontiguousarray(lab, dtype=np.float32), cv2.COLOR_Lab2RGB)
    return np.clip(np.rint(rgb * 255.0), 0, 255).astype(np.uint8)


def lab_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns the CIE76 colour difference of each pixel, float32 `(H, W)`."""
    return np.linalg.norm(to_lab(first) - to_lab(second), axis=-1)


def window_overlap(first: tuple, second: tuple) -> float:
    """Returns intersection over the smaller area of two boxes (1 when one holds the other)."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return float(width * height / min(areas))
