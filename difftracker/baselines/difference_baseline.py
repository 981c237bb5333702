"""What the methods that subtract two pictures have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .alignment import align_images, match_light
from .baseline import Answer, Baseline
from .difference_regions import DifferenceRegions
from .histogram_matching import match_histograms


@dataclass(frozen=True)
class DifferenceBaseline(Baseline, ABC):
    """Boxes of what differs between two pictures, the largest difference first; it cannot read a sentence.

    Attributes:
        floor: Smallest difference that can be a change, whatever Otsu's method says; in units of `compare`.
        align: Warp the before image into the frame of the after image first. Off for pairs known to be aligned.
        histograms: Give the before image the histograms of the after image, instead of a gain and an offset per
            channel.
        join, min_area, min_score, margin, max_boxes: As in `DifferenceRegions`.
    """

    floor: float
    align: bool = True
    histograms: bool = False
    join: float = 0.03
    min_area: float = 2e-4
    min_score: float = 0.05
    margin: float = 0.0
    max_boxes: int = 20

    def __call__(self, before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Finds what differs.

        Args:
            before: `(H, W, 3)` uint8 RGB.
            after: `(H', W', 3)` uint8 RGB; a before image of another size is scaled to it.

        Returns:
            Boxes `(N, 4)`, xyxy pixels of the after image, and scores `(N,)`, each region's share of the summed
            difference of all regions, falling.
        """
        regions = DifferenceRegions(self.floor, self.join, self.min_area, self.min_score, self.margin, self.max_boxes)
        return regions(self.difference(before, after))

    def answer(self, before: np.ndarray, after: np.ndarray, texts: Sequence[str]) -> list[Answer]:
        """Answers every sentence alike; see `Baseline`."""
        return [self(before, after)] * len(texts)

    def difference(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Returns the difference per pixel of the after image, `(H', W')` float32; 0 where only one shows the place."""
        if before.shape != after.shape:
            before = cv2.resize(before, (after.shape[1], after.shape[0]), interpolation=cv2.INTER_AREA)
        inside = None
        if self.align:
            before, inside = align_images(before, after)
        before = (match_histograms if self.histograms else match_light)(before, after, inside)
        difference = self.compare(before, after, warped=inside is not None)
        if inside is not None:
            # At its edge a warped picture fades into what it does not show.
            difference[cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0] = 0
        return difference

    @abstractmethod
    def compare(self, before: np.ndarray, after: np.ndarray, warped: bool) -> np.ndarray:
        """Subtracts aligned pictures.

        Args:
            before: `(H, W, 3)` uint8 RGB.
            after: The same size.
            warped: Whether the before image was warped, so that edges may lie a fraction of a pixel off.

        Returns:
            The difference per pixel, `(H, W)` float32.
        """
