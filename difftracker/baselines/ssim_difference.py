"""Change detection by structural similarity."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .difference_baseline import DifferenceBaseline
from .structural_similarity import structural_similarity


@dataclass(frozen=True)
class SSIMDifference(DifferenceBaseline):
    """Regions of low structural similarity of the aligned grey pictures.

    Attributes:
        floor: Smallest drop of similarity, from 1, that can be a change, whatever Otsu's method says.
            Chosen on training pairs of photographs.
    """

    floor: float = 0.7

    def compare(self, before: np.ndarray, after: np.ndarray, warped: bool) -> np.ndarray:
        """Returns one minus the similarity per pixel; see `DifferenceBaseline`."""
        grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (before, after)]
        return (1 - structural_similarity(*grey)).clip(0).astype(np.float32)
