"""An object cut out of its picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Sprite:
    """An object with alpha, ready to be pasted.

    Attributes:
        label: Its name.
        rgb: `(h, w, 3)` uint8.
        alpha: `(h, w)` float32 in `[0, 1]`.
        relative_size: Its long side as a share of its own picture's long side, None where it has no picture.
    """

    label: str
    rgb: np.ndarray
    alpha: np.ndarray
    relative_size: float | None = None

    @property
    def long_side(self) -> int:
        """The longer side in px."""
        return max(self.alpha.shape)

    def resized(self, long_side: int) -> Sprite:
        """Returns the sprite scaled so that its longer side is `long_side` px (at least 2 px on each side)."""
        scale = long_side / self.long_side
        height, width = (max(round(side * scale), 2) for side in self.alpha.shape)
        mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        # Colours are scaled with their alpha, or colours of fully transparent pixels would bleed into the rim.
        weighted = self.rgb.astype(np.float32) * self.alpha[..., None]
        weighted = cv2.resize(weighted, (width, height), interpolation=mode)
        alpha = cv2.resize(self.alpha, (width, height), interpolation=mode)
        rgb = weighted / np.maximum(alpha, 1e-3)[..., None]
        return Sprite(self.label, np.clip(np.rint(rgb), 0, 255).astype(np.uint8), alpha, self.relative_size)

    def flipped(self) -> Sprite:
        """Returns the mirror image."""
        rgb, alpha = np.ascontiguousarray(self.rgb[:, ::-1]), np.ascontiguousarray(self.alpha[:, ::-1])
        return Sprite(self.label, rgb, alpha, self.relative_size)
