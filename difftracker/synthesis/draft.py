"""A change on its way into a pair."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from difftracker.synthesis.layer import Layer

OPPOSITE = {'remove': 'add', 'add': 'remove'}


@dataclass(frozen=True)
class Draft:
    """A change with its pixels, in the frame of the untouched picture (before any camera motion).

    Attributes:
        kind: `appearance`, `replace`, `remove`, `add` or `move`.
        before_layers, after_layers: What is drawn into each image.
        before_object, after_object: `(H, W)` bool, the object in each image; None where it is absent.
        label: The object before the change (for `add`: after it), None where nobody named it.
        new_label: For `replace`: the object after it.
        attribute: For `appearance`: `colour`, `texture`, `pattern` or `brightness`.
    """

    kind: str
    before_layers: tuple[Layer, ...]
    after_layers: tuple[Layer, ...]
    before_object: np.ndarray | None
    after_object: np.ndarray | None
    label: str | None
    new_label: str | None = None
    attribute: str | None = None

    @property
    def before_mask(self) -> np.ndarray:
        """The place of the change in the before image, `(H, W)` bool; its window is the box."""
        return self._place(self.before_object, self.after_object)

    @property
    def after_mask(self) -> np.ndarray:
        """The same in the after image."""
        return self._place(self.after_object, self.before_object)

    def _place(self, own: np.ndarray | None, other: np.ndarray | None) -> np.ndarray:
        """A replaced object's place is what the old and the new one take up; an absent object's is where it was."""
        if own is None or other is None:
            place = other if own is None else own
            if place is None:
                raise ValueError(f'a change of kind {self.kind} expects an object in one image, found none in both')
            return place
        return own | other if self.kind == 'replace' else own

    def reversed(self) -> Draft:
        """Returns the same change the other way round, exact to the pixel: a removal becomes an addition."""
        return replace(
            self,
            kind=OPPOSITE.get(self.kind, self.kind),
            before_layers=self.after_layers,
            after_layers=self.before_layers,
            before_object=self.after_object,
            after_object=self.before_object,
            label=self.label if self.new_label is None else self.new_label,
            new_label=None if self.new_label is None else self.label,
        )
