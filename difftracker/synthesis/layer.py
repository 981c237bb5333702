"""New pixels for a part of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from difftracker.synthesis.raster import Window, crop


@dataclass(frozen=True)
class Layer:
    """Pixels that replace a part of a picture; already blended with what they lie on.

    Attributes:
        window: Where they lie, `(x1, y1, x2, y2)` px of the picture.
        pixels: `(h, w, 3)` uint8.
        cover: `(h, w)` bool: which of them count.
    """

    window: Window
    pixels: np.ndarray
    cover: np.ndarray

    def apply(self, image: np.ndarray) -> None:
        """Writes the pixels into an image `(H, W, 3)`, in place."""
        target = crop(image, self.window)
        target[self.cover] = self.pixels[self.cover]
