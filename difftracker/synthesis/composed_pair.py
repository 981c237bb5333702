"""A finished pair before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from difftracker.synthesis.scene import Scene


@dataclass(frozen=True)
class ComposedPair:
    """Two images and what is known of them.

    Attributes:
        before, after: `(H, W, 3)` uint8 RGB.
        scene: What differs, boxes in px of each image, and the objects around.
        jpeg_quality: Quality that each image should be written with.
        extra: Further fields of the record: `nuisance` (level) and `picture` (file it was made from).
    """

    before: np.ndarray
    after: np.ndarray
    scene: Scene
    jpeg_quality: tuple[int, int]
    extra: dict = field(default_factory=dict)
