"""A place before objects are put into it."""

from __future__ import annotations

from dataclasses import dataclass

from tools.scenes3d.description import Item, Surface, Vector
from tools.scenes3d.zone import Zone

Range = tuple[float, float]


@dataclass(frozen=True)
class LayoutPlan:
    """A place before objects are put into it.

    Attributes:
        surfaces: Floors and walls.
        fixed: Items that carry others or belong to the ground; their ids count from 0.
        zones: Where objects go.
        target: What the camera looks at.
        distance, elevation, azimuth, focal: Ranges for the camera; azimuth 0 looks along +y.
        outdoor: Whether the sun is the main light.
        lamp: Place of the lamp, None for none.
    """

    surfaces: tuple[Surface, ...]
    fixed: tuple[Item, ...]
    zones: tuple[Zone, ...]
    target: Vector
    distance: Range
    elevation: Range
    azimuth: Range
    focal: Range
    outdoor: bool = False
    lamp: Vector | None = None
