"""What is seen where in the two images of a pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from difftracker.errors import ConfigError
from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.description import PairDescription
from tools.scenes3d.frame_view import FrameView
from tools.scenes3d.places import change_places


@dataclass(frozen=True)
class Masks:
    """What is seen where, in the pixels of the two images.

    Attributes:
        items: `(2, H, W)` int16, id of the item that is seen in each pixel, -1 for the ground, floors and walls.
        places: `(N, 2, H, W)` bool, the place of each change in each image.
        shares: Share of its outline that is seen of each item of the after image, by id.
    """

    items: np.ndarray
    places: np.ndarray
    shares: dict[int, float]


def draw_masks(pair: PairDescription, catalogue: Catalogue) -> Masks:
    """Draws the masks of a pair from its description."""
    shots = (pair.before, pair.after)
    views = tuple(FrameView(catalogue, shot.camera, pair.size) for shot in shots)
    width, height = pair.size
    items = np.full((2, height, width), -1, dtype=np.int16)
    for canvas, shot, view in zip(items, shots, views, strict=True):
        nearest = np.zeros((height, width), dtype=np.float32)
        for item in shot.items:
            if item.label:
                layer = view.layer(item)
                canvas[layer > nearest] = item.item_id
                nearest = np.maximum(nearest, layer)
    places = np.zeros((len(pair.changes), 2, height, width), dtype=bool)
    for masks, change in zip(places, pair.changes, strict=True):
        found = change_places(change, shots, views)
        if found is None:
            raise ConfigError(f'{pair.pair_id}: expected change {change.change_id} to be seen, found it hidden')
        masks[:] = found
    shares = {item.item_id: views[1].share(item, pair.after.items) for item in pair.after.items if item.label}
    return Masks(items, places, shares)
