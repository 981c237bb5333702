"""What every baseline can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

Answer = tuple[np.ndarray, np.ndarray]


class Baseline(ABC):
    """A method that answers sentences about a pair."""

    @abstractmethod
    def answer(self, before: np.ndarray, after: np.ndarray, texts: Sequence[str]) -> list[Answer]:
        """Answers sentences about one pair.

        Args:
            before: `(H, W, 3)` uint8 RGB.
            after: `(H', W', 3)` uint8 RGB.
            texts: The sentences.

        Returns:
            For each sentence boxes `(N, 4)`, xyxy pixels of the after image, and scores `(N,)`, falling.
        """
