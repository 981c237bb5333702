"""Laying one photograph over another: geometry first, then light."""

from __future__ import annotations

import cv2
import numpy as np

FEATURES = 2000
# Below this there is nothing to match, and the feature detector's own pyramid fails.
MIN_SIDE = 32
MIN_INLIERS = 12
# A warp that moves a corner further than this share of the diagonal is no camera shake but a failed match.
MAX_CORNER_MOTION = 0.2
# A warp must lower the difference by this share, or resampling would blur a pair that lies well already.
MIN_GAIN = 0.05


def align_images(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Warps the before image into the frame of the after image.

    ORB features are matched both ways and a homography is fitted by RANSAC; the enhanced correlation coefficient
    (Evangelidis and Psarakis, 2008) refines it. The warp is kept only where it makes the two more alike.

    Args:
        before: `(H, W, 3)` uint8 RGB.
        after: The same size.

    Returns:
        The warped before image, and `(H, W)` bool, True where it has content; the image itself and None where no warp
        helps.
    """
    if min(before.shape[:2]) < MIN_SIDE:
        return before, None
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (before, after)]
    height, width = grey[0].shape
    best, least = None, (1 - MIN_GAIN) * _unlikeness(*grey, np.ones((height, width), dtype=bool))
    rough = _feature_homography(*grey)
    candidates = [rough, _refined(*grey, np.eye(3) if rough is None else rough)]
    for matrix in candidates:
        if matrix is None or not _is_plausible(matrix, width, height):
            continue
        warped, inside = _warp(grey[0], matrix)
        # Too little overlap says nothing about likeness.
        if inside.mean() < 0.5:
            continue
        unlikeness = _unlikeness(warped, grey[1], inside)
        if unlikeness < least:
            best, least = matrix, unlikeness
    return (before, None) if best is None else _warp(before, best)


def match_light(before: np.ndarray, after: np.ndarray, inside: np.ndarray | None) -> np.ndarray:
    """Gives the before image the light of the after image, by a gain and an offset per channel.

    Fitted by least squares on the pixels, then three times on the seven tenths that fit best, so that what changed does
    not pull the fit.

    Args:
        before: `(H, W, 3)` uint8 RGB, aligned.
        after: The same size.
        inside: `(H, W)` bool, pixels to fit on; None for all.

    Returns:
        `(H, W, 3)` uint8 RGB.
    """
    step = max(1, int(np.sqrt(before.shape[0] * before.shape[1] / 40000)))
    keep = slice(None) if inside is None else inside[::step, ::step]
    table = np.empty((256, 1, 3), dtype=np.uint8)
    for channel in range(3):
        source = before[::step, ::step, channel][keep].astype(np.float64).ravel()
        target = after[::step, ::step, channel][keep].astype(np.float64).ravel()
        gain, offset = _line(source, target)
        for _ in range(3):
            error = np.abs(gain * source + offset - target)
            near = error <= np.quantile(error, 0.7)
            gain, offset = _line(source[near], target[near])
        table[:, 0, channel] = np.round(gain * np.arange(256) + offset).clip(0, 255)
    return cv2.LUT(before, table)


def _line(source: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    spread = source.var()
    # On a flat picture the gain is anybody's guess; only the offset can be told.
    gain = 1.0 if spread < 4 else float(np.cov(source, target, bias=True)[0, 1] / spread)
    gain = min(max(gain, 0.5), 2.0)
    return gain, float(target.mean() - gain * source.mean())


def _feature_homography(before: np.ndarray, after: np.ndarray) -> np.ndarray | None:
    detector = cv2.ORB_create(FEATURES, fastThreshold=10)
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


def _refined(before: np.ndarray, after: np.ndarray, start: np.ndarray) -> np.ndarray | None:
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    try:
        # The function looks for the way from the template to the other image, which is the inverse of ours.
        _, found = cv2.findTransformECC(
            after, before, np.linalg.inv(start).astype(np.float32), cv2.MOTION_HOMOGRAPHY, criteria, None, 5
        )
        return np.linalg.inv(found.astype(np.float64))
    except (cv2.error, np.linalg.LinAlgError):
        # It did not converge, which is its answer to pictures without common structure.
        return None


def _is_plausible(matrix: np.ndarray, width: int, height: int) -> bool:
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float64)
    if not np.isfinite(matrix).all():
        return False
    moved = np.concatenate((corners, np.ones((4, 1))), axis=1) @ matrix.T
    if (moved[:, 2] <= 0.1).any():
        return False
    motion = np.linalg.norm(moved[:, :2] / moved[:, 2:] - corners, axis=1).max()
    return bool(motion <= MAX_CORNER_MOTION * np.hypot(width, height))


def _warp(image: np.ndarray, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    size = (image.shape[1], image.shape[0])
    inside = cv2.warpPerspective(np.full(image.shape[:2], 255, dtype=np.uint8), matrix, size)
    return cv2.warpPerspective(image, matrix, size, borderMode=cv2.BORDER_REPLICATE), inside > 250


def _unlikeness(before: np.ndarray, after: np.ndarray, inside: np.ndarray) -> float:
    """Mean difference of detail, without the tenth of the pixels that differ most: those may be what changed."""
    detail = [cv2.GaussianBlur(grey, (0, 0), 1).astype(np.float32) for grey in (before, after)]
    detail = [part - cv2.GaussianBlur(part, (0, 0), 8) for part in detail]
    error = np.abs(detail[0] - detail[1])[inside]
    return float(error[error <= np.quantile(error, 0.9)].mean())
