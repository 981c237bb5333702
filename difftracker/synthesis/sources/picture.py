"""A photograph with the objects that are known in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from difftracker.synthesis.instance import Instance


@dataclass(frozen=True)
class Picture:
    """A photograph as a source gives it.

    Attributes:
        name: File name, for error messages and for the record's provenance.
        image: `(H, W, 3)` uint8 RGB.
        instances: The labelled objects; there may be others that nobody labelled.
    """

    name: str
    image: np.ndarray
    instances: tuple[Instance, ...] = field(default=())
