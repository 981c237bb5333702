"""Laying one photograph over another: geometry first, then light."""

from __future__ import annotations

import cv2
import numpy as np

from difftracker.utils.camera_motion import MIN_GAIN, MIN_SIDE, feature_homography, is_plausible, unlikeness, warp

FEATURES = 2000


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
    best, least = None, (1 - MIN_GAIN) * unlikeness(*grey, np.ones((height, width), dtype=bool))
    rough = feature_homography(*grey, FEATURES)
    candidates = [rough, _refined(*grey, np.eye(3) if rough is None else rough)]
    for matrix in candidates:
        if matrix is None or not is_plausible(matrix, width, height):
            continue
        warped, inside = warp(grey[0], matrix)
        # Too little overlap says nothing about likeness.
        if inside.mean() < 0.5:
            continue
        found = unlikeness(warped, grey[1], inside)
        if found < least:
            best, least = matrix, found
    return (before, None) if best is None else warp(before, best)


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
