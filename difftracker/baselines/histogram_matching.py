"""Giving one picture the distribution of values of another."""

from __future__ import annotations

import cv2
import numpy as np


def match_histograms(before: np.ndarray, after: np.ndarray, inside: np.ndarray | None) -> np.ndarray:
    """Gives each channel of the before image the histogram that it has in the after image.

    The classical map: a value goes to the one of equal rank, in between by linear interpolation. Any monotone change of
    tone is undone, not only gain and offset; in return a large change pulls all other tones with it.

    Args:
        before: `(H, W, 3)` uint8 RGB, aligned.
        after: The same size.
        inside: `(H, W)` bool, pixels whose histograms count; None for all.

    Returns:
        `(H, W, 3)` uint8 RGB.
    """
    table = np.empty((256, 1, 3), dtype=np.uint8)
    levels = np.arange(256)
    for channel in range(3):
        source, target = (
            np.bincount((image[..., channel] if inside is None else image[..., channel][inside]).ravel(), minlength=256)
            for image in (before, after)
        )
        ranks = np.cumsum(source) / source.sum()
        there = target > 0
        reached = (np.cumsum(target) / target.sum())[there]
        table[:, 0, channel] = np.round(np.interp(ranks, reached, levels[there]))
    return cv2.LUT(before, table)
