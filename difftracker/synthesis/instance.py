"""An object that stands in both images of the pair being made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from difftracker.synthesis.layer import Layer


@dataclass(frozen=True)
class Instance:
    """An object of the picture.

    Attributes:
        label: Its name; None for a crowd, which no edit takes.
        mask: `(H, W)` bool, in the picture's frame.
        whole: True when nothing covers it and the border does not cut it, so that an edit may take it.
        behind: The ground without the object where that is known (the object was pasted by us), else None: what
            stands behind must then be made up.
    """

    label: str | None
    mask: np.ndarray
    whole: bool = True
    behind: Layer | None = None
