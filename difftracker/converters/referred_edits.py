"""Edits objects that sentences refer to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from difftracker.synthesis.draft import Draft
from difftracker.synthesis.edits.appearance import AppearanceEdit
from difftracker.synthesis.edits.remove import RemoveEdit
from difftracker.synthesis.instance import Instance
from difftracker.synthesis.raster import mask_window
from difftracker.synthesis.stage import Stage

# An object this close to the border (px) goes on beyond it: it is recoloured, not removed.
BORDER = 2


@dataclass(frozen=True)
class ReferredObject:
    """An object that may be edited.

    Attributes:
        label: Name of its category.
        mask: `(H, W)` bool.
    """

    label: str
    mask: np.ndarray


class ReferredEdits:
    """Removes or recolours objects of a photograph, one after another.

    Args:
        image: `(H, W, 3)` uint8 RGB.
        others: Masks of all objects of the photograph, `(H, W)` bool; a filled hole takes no pixels from them.
    """

    def __init__(self, image: np.ndarray, others: list[np.ndarray]) -> None:
        self.stage = Stage(image, [])
        self.others = others
        self._edits = {'remove': RemoveEdit(), 'appearance': AppearanceEdit()}

    def edit(self, target: ReferredObject, rng: np.random.Generator) -> Draft | None:
        """Edits one object in the after image.

        Args:
            target: The object.
            rng: Draws the kind of edit and its details.

        Returns:
            The change, or None where the object is too small or too large, touches an edit made before, or cannot be
            edited without a trace.
        """
        if not target.mask.any():
            return None
        strangers = [Instance(None, mask, whole=False) for mask in self.others if mask is not target.mask]
        # The edits choose among the objects that they may take: this one is the only one.
        self.stage.instances = [Instance(target.label, target.mask), *strangers]
        kinds = ['remove', 'appearance'] if rng.random() < 0.5 else ['appearance', 'remove']
        for kind in kinds:
            if kind == 'remove' and self._is_cut(target.mask):
                continue
            draft = self._edits[kind].propose(self.stage, rng)
            if draft is not None and self.stage.accept(draft):
                return draft
        return None

    def _is_cut(self, mask: np.ndarray) -> bool:
        x1, y1, x2, y2 = mask_window(mask)
        height, width = mask.shape
        return min(x1, y1) < BORDER or x2 > width - BORDER or y2 > height - BORDER
