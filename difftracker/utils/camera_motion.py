"""How the camera moved between two pictures of a place."""

from __future__ import annotations

import cv2
import numpy as np

# Below this there is nothing to match, and the feature detector's own pyramid fails.
MIN_SIDE = 32
MIN_INLIERS = 12
# A warp that moves a corner further than this share of the diagonal is no camera shake but a failed match.
MAX_CORNER_MOTION = 0.2
# A warp must lower the difference by this share, or resampling would blur a pair that lies well already.
MIN_GAIN = 0.05


def feature_homography(before: np.ndarray, after: np.ndarray, features: int) -> np.ndarray | None:
    """Fits a homography to ORB features that are matched both ways, by RANSAC.

    Args:
        before, after: `(H, W)` uint8 grey.
        features: Features of each picture.

    Returns:
        `(3, 3)` float64, from pixels of the before image to those of the after image; None where too little matches.
    """
    detector = cv2.ORB_create(features, fastThreshold=10)
    points, descriptors = zip(*(detector.detectAndCompute(grey, None) for grey in (before, after)))
    if any(found is None for found in descriptors):
        return None
    matches = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(*descriptors)
    if len(matches) < MIN_INLIERS:
        return None
    source = np.float32([points[0][match.queryIdx].pt for match in matches])
    target = np.float32([points[1][match.trainIdx].pt for match in matches])
    # RANSAC draws from OpenCV's own generator; the same pair must give the same answer.
    cv2.setRNGSeed(0)
    matrix, inliers = cv2.findHomography(source, target, cv2.RANSAC, 2.0)
    return matrix if matrix is not None and inliers.sum() >= MIN_INLIERS else None


def is_plausible(matrix: np.ndarray, width: int, height: int) -> bool:
    """Says whether a homography may be the motion of a camera that was held by hand."""
    if not np.isfinite(matrix).all():
        return False
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    moved = np.concatenate((corners, np.ones((4, 1))), axis=1) @ matrix.T
    if (moved[:, 2] <= 0.1).any():
        return False
    motion = np.linalg.norm(moved[:, :2] / moved[:, 2:] - corners, axis=1).max()
    return bool(motion <= MAX_CORNER_MOTION * np.hypot(width, height))


def warp(image: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Warps an image by a homography, in a frame of its own size.

    Returns:
        The warped image, continued beyond its border, and `(H, W)` bool, True where it has content.
    """
    size = (image.shape[1], image.shape[0])
    inside = cv2.warpPerspective(np.full(image.shape[:2], 255, dtype=np.uint8), matrix, size)
    return cv2.warpPerspective(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), inside > 250


def unlikeness(before: np.ndarray, after: np.ndarray, inside: np.ndarray) -> float:
    """Mean difference of detail of `(H, W)` uint8 grey pictures, where `inside` is True.

    Without the tenth of the pixels that differ most: those may be what changed.
    """
    detail = [cv2.GaussianBlur(grey, (0, 0), 1).astype(np.float32) for grey in (before, after)]
    detail = [part - cv2.GaussianBlur(part, (0, 0), 8) for part in detail]
    error = np.abs(detail[0] - detail[1])[inside]
    return float(error[error <= np.quantile(error, 0.9)].mean())


def camera_motion(before: np.ndarray, after: np.ndarray, features: int) -> np.ndarray | None:
    """Estimates the homography that lays one picture over another.

    Args:
        before, after: `(H, W)` uint8 grey, of one size.
        features: ORB features of each picture.

    Returns:
        `(3, 3)` float64, from pixels of the before image to those of the after image; None where nothing plausible
        makes the two more alike than they are.
    """
    height, width = before.shape
    if min(height, width) < MIN_SIDE:
        return None
    matrix = feature_homography(before, after, features)
    if matrix is None or not is_plausible(matrix, width, height):
        return None
    warped, inside = warp(before, matrix)
    # Too little overlap says nothing about likeness.
    if inside.mean() < 0.5:
        return None
    least = (1 - MIN_GAIN) * unlikeness(before, after, np.ones((height, width), dtype=bool))
    return matrix if unlikeness(warped, after, inside) < least else None
