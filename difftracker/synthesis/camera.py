"""Small camera motion between the two images, and what it does to boxes.

Homographies act on continuous coordinates: pixel `(i, j)` covers `[j, j + 1) x [i, i + 1)`, and a box
`(x1, y1, x2, y2)` is the tight box of the pixels' outer edges.
"""

from __future__ import annotations

import cv2
import numpy as np

from difftracker.structures import Box

# Less of a change than this in view, and the place counts as out of view.
MIN_VISIBLE = 0.3
# Enough to tell the share that is in view.
SAMPLED_PIXELS = 2000
_HALF = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
_MINUS_HALF = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5], [0.0, 0.0, 1.0]])


def draw_motion(
    rng: np.random.Generator, width: int, height: int, strength: float = 1.0, zoom_in: float = 1.0
) -> np.ndarray:
    """Draws a homography of a hand that did not hold quite still.

    Args:
        rng: Source of the draw.
        width: Picture width in px.
        height: Picture height in px.
        strength: 1 moves the picture by up to about 2.5 % of its longer side; 0 does not move it.
        zoom_in: Common enlargement about the centre, so that less of the border comes into view.

    Returns:
        `(3, 3)` float64 from the picture's frame to the moved frame.
    """
    side = max(width, height)
    centre_x, centre_y = width / 2, height / 2
    angle = np.deg2rad(rng.uniform(-1.6, 1.6)) * strength
    zoom = zoom_in * (1.0 + rng.uniform(-0.02, 0.02) * strength)
    shift = rng.uniform(-0.022, 0.022, 2) * side * strength
    tilt = rng.uniform(-0.02, 0.02, 2) / side * strength
    to_origin = np.array([[1, 0, -centre_x], [0, 1, -centre_y], [0, 0, 1.0]])
    turn = np.array(
        [
            [zoom * np.cos(angle), -zoom * np.sin(angle), 0],
            [zoom * np.sin(angle), zoom * np.cos(angle), 0],
            [tilt[0], tilt[1], 1.0],
        ]
    )
    back = np.array([[1, 0, centre_x + shift[0]], [0, 1, centre_y + shift[1]], [0, 0, 1.0]])
    return back @ turn @ to_origin


def warp_image(image: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Moves a picture `(H, W, 3)`; what comes in from beyond the border is a reflection."""
    # OpenCV's coordinates name pixel centres with whole numbers.
    matrix = _MINUS_HALF @ homography @ _HALF
    size = (image.shape[1], image.shape[0])
    return cv2.warpPerspective(image, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)


def map_points(points: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Maps points `(N, 2)` xy."""
    mapped = np.column_stack([points, np.ones(len(points))]) @ homography.T
    return mapped[:, :2] / mapped[:, 2:]


def map_mask_box(mask: np.ndarray, homography: np.ndarray, width: int, height: int) -> Box | None:
    """Returns the tight box of a mask after a camera motion, clipped to the moved frame.

    Args:
        mask: `(H, W)` bool with at least one pixel set.
        homography: `(3, 3)`, from the mask's frame to the moved frame.
        width: Width of the moved frame in px.
        height: Height of the moved frame in px.

    Returns:
        `(x1, y1, x2, y2)` px of the moved frame, None where less than 30 % of the mask is in view.
    """
    rows, cols = np.nonzero(mask)
    step = max(1, rows.size // SAMPLED_PIXELS)
    centres = map_points(np.column_stack([cols[::step] + 0.5, rows[::step] + 0.5]), homography)
    inside = (centres >= 0).all(axis=1) & (centres[:, 0] < width) & (centres[:, 1] < height)
    if inside.mean() < MIN_VISIBLE:
        return None
    # A homography maps convex sets to convex sets: the corners of the outline's pixels decide the box.
    outlines, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    outline = np.concatenate(outlines)[:, 0].astype(np.float64)
    corners = np.concatenate([outline + offset for offset in ((0, 0), (1, 0), (0, 1), (1, 1))])
    mapped = map_points(corners, homography)
    x1, y1 = np.maximum(mapped.min(axis=0), 0.0)
    x2, y2 = np.minimum(mapped.max(axis=0), (width, height))
    return (round(float(x1), 2), round(float(y1), 2), round(float(x2), 2), round(float(y2), 2))
