"""A place where objects may be put: a table top, a floor, the foot of a wall, a lane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tools.scenes3d.footprint import Footprint


@dataclass(frozen=True)
class Zone:
    """A rectangle or disc at one height.

    Attributes:
        classes: Classes of models that fit here.
        centre: Of the area.
        half: Half its width and depth; for a disc its radius, twice.
        height: Of the ground here.
        count: Smallest and largest number of objects to put.
        round: True for a disc.
        yaws: Turns that objects may have, give or take `jitter`; empty for any.
        jitter: In degrees.
        gap: Free room around each object.
        support: Id of the item whose top this is, None for the ground.
        back: For the foot of a wall: `(axis, place)`; the objects' backs touch that line. None elsewhere.
        hung: True for a wall: `height` is that of the objects' middle.
        sizes: Factors on the models' scale; one is drawn for each object.
        painted: Share of the objects that get a coat of their own.
        metals: Share of the objects that are of metal.
    """

    classes: tuple[str, ...]
    centre: tuple[float, float]
    half: tuple[float, float]
    height: float
    count: tuple[int, int]
    round: bool = False
    yaws: tuple[float, ...] = ()
    jitter: float = 0.0
    gap: float = 0.04
    support: int | None = None
    back: tuple[str, float] | None = None
    hung: bool = False
    sizes: tuple[float, ...] = (1.0,)
    painted: float = 0.3
    metals: float = 0.0

    def holds(self, place: Footprint) -> bool:
        """Says whether a footprint lies inside."""
        offsets = place.corners - np.array(self.centre)
        if self.round:
            return bool((np.hypot(*offsets.T) <= self.half[0]).all())
        return bool((np.abs(offsets) <= np.array(self.half) + 1e-6).all())
