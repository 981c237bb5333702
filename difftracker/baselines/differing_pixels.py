"""What visual regression tools do: everything that differs, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from difftracker.utils.differing_regions import differing_regions

from .baseline import Answer, Baseline


@dataclass(frozen=True)
class DifferingPixels(Baseline):
    """Boxes of what differs pixel by pixel, without alignment and without a fit of the light, the largest box first.

    For pairs that are equal where nothing changed; anywhere else nearly all differs. It cannot read a sentence.

    Attributes:
        threshold, reach: As in `differing_regions`.
        max_boxes: At most so many boxes.
    """

    threshold: int = 24
    reach: int = 6
    max_boxes: int = 20

    def answer(self, before: np.ndarray, after: np.ndarray, texts: Sequence[str]) -> list[Answer]:
        """Answers every sentence alike; see `Baseline`. Scores are shares of the summed area."""
        boxes = differing_regions(before, after, self.threshold, self.reach)[: self.max_boxes].astype(np.float64)
        area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
        return [(boxes, area / max(area.sum(), 1.0))] * len(texts)
