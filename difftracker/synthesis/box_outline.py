"""From the box of an object to its outline, or to what stands for one."""

from __future__ import annotations

import cv2
import numpy as np

from difftracker.synthesis.raster import crop

# The surroundings on each side, as a share of the box, that show what the ground looks like.
MARGIN = 0.3
# GrabCut's time grows with the window, and outlines need no more detail than this (px, longer side).
WORKING_SIDE = 192
ITERATIONS = 4
# The ellipse to start from reaches a little beyond the sides, as a share of half a side: it leaves out the corners of
# the box, where an object is rarely found.
REACH = 1.1455
# Components under this share of the largest are crumbs.
CRUMB = 0.15
# An outline missed the object if it fills its box like a rectangle or hardly at all (shares of the box's area) ...
FILLED = (0.25, 0.95)
# ... or if its own box is another one (IoU).
SMALLEST_OVERLAP = 0.7


def outline_box(image: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray | None:
    """Separates the object in a box from the ground by their colours.

    GrabCut (Rother et al., "GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts", SIGGRAPH 2004),
    started from an ellipse in the box and the ground around it.

    Args:
        image: `(H, W, 3)` uint8.
        box: `(x1, y1, x2, y2)` in px.

    Returns:
        `(H, W)` bool, nothing outside the box but for rounding; None where what was found is no plausible outline of an
        object that the box fits.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = box
    left, top = max(int(x1 - MARGIN * (x2 - x1)), 0), max(int(y1 - MARGIN * (y2 - y1)), 0)
    right = min(int(np.ceil(x2 + MARGIN * (x2 - x1))), width)
    bottom = min(int(np.ceil(y2 + MARGIN * (y2 - y1))), height)
    window = crop(image, (left, top, right, bottom))
    scale = min(WORKING_SIDE / max(window.shape[:2]), 1.0)
    size = max(round(window.shape[1] * scale), 1), max(round(window.shape[0] * scale), 1)
    labels = _start(size, (np.array(box) - (left, top, left, top)) * (size[0] / window.shape[1]))
    if not (labels == cv2.GC_PR_FGD).any() or not (labels == cv2.GC_BGD).any():
        return None
    # Its clusters start at random, from a state that all calls share.
    cv2.setRNGSeed(0)
    small = cv2.resize(window, size, interpolation=cv2.INTER_AREA)
    cv2.grabCut(small, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), ITERATIONS, cv2.GC_INIT_WITH_MASK)
    found = _without_crumbs(((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8))
    if found is None:
        return None
    mask = np.zeros((height, width), bool)
    full = cv2.resize(found, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    mask[top:bottom, left:right] = full > 127
    return mask if _fits(mask, box) else None


def rounded_halves(box: tuple[float, float, float, float], points: int = 24) -> list[list[float]]:
    """Returns the left and the right half of a box with round corners as COCO polygons.

    A superellipse of exponent 3, which lies between what objects fill of their boxes and the box.
    """
    x1, y1, x2, y2 = box
    angles = np.linspace(-np.pi / 2, np.pi / 2, points)
    across, down = np.abs(np.cos(angles)) ** (2 / 3), np.sign(np.sin(angles)) * np.abs(np.sin(angles)) ** (2 / 3)
    rows = (y1 + y2) / 2 + (y2 - y1) / 2 * down
    halves = ((x1 + x2) / 2 + side * (x2 - x1) / 2 * across for side in (1, -1))
    return [np.stack([columns, rows], axis=1).round(1).ravel().tolist() for columns in halves]


def _start(size: tuple[int, int], box: np.ndarray) -> np.ndarray:
    """Returns what GrabCut starts from, `(h, w)` uint8: probably object, probably ground, surely ground."""
    columns, rows = np.arange(size[0]) + 0.5, np.arange(size[1])[:, None] + 0.5
    x1, y1, x2, y2 = box
    across = (columns - (x1 + x2) / 2) / max((x2 - x1) / 2, 1e-6)
    down = (rows - (y1 + y2) / 2) / max((y2 - y1) / 2, 1e-6)
    inside = (abs(across) <= 1) & (abs(down) <= 1)
    likely = inside & (across**2 + down**2 <= REACH**2)
    return np.where(likely, cv2.GC_PR_FGD, np.where(inside, cv2.GC_PR_BGD, cv2.GC_BGD)).astype(np.uint8)


def _without_crumbs(found: np.ndarray) -> np.ndarray | None:
    """Keeps the large components and fills their holes; `(h, w)` uint8 of 0 and 255, None where there are none."""
    contours, _ = cv2.findContours(found, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    areas = [cv2.contourArea(contour) for contour in contours]
    if not areas or max(areas) == 0:
        return None
    kept = [contour for contour, area in zip(contours, areas, strict=True) if area >= CRUMB * max(areas)]
    return cv2.drawContours(np.zeros_like(found), kept, -1, 255, cv2.FILLED)


def _fits(mask: np.ndarray, box: tuple[float, float, float, float]) -> bool:
    """Tells whether a mask is a plausible outline of an object with this box."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return False
    x1, y1, x2, y2 = box
    area = (x2 - x1) * (y2 - y1)
    found = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    inner = max(min(x2, found[2]) - max(x1, found[0]), 0) * max(min(y2, found[3]) - max(y1, found[1]), 0)
    union = area + (found[2] - found[0]) * (found[3] - found[1]) - inner
    return FILLED[0] <= np.count_nonzero(mask) / area <= FILLED[1] and inner / union >= SMALLEST_OVERLAP
