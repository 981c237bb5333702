"""What one camera sees of each object, and would see of objects that are not there."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.description import Camera, Item
from tools.scenes3d.rasterizer import rasterize, world_points

# Two surfaces that touch are drawn with the same depth up to rounding.
_TIE = 1 + 1e-6


class FrameView:
    """Depth layers of items before one camera; each item is drawn once, however often it is asked for.

    Args:
        catalogue: Gives meshes.
        camera: The camera.
        size: `(width, height)` of the image in px.
    """

    def __init__(self, catalogue: Catalogue, camera: Camera, size: tuple[int, int]) -> None:
        self.catalogue = catalogue
        self.camera = camera
        self.size = size
        self.pad = max(size) // 4
        self._layers: dict[Item, np.ndarray] = {}
        self._whole: dict[Item, int] = {}

    def layer(self, item: Item) -> np.ndarray:
        """Returns one over the depth of an item, `(H, W)`, 0 where it is not."""
        self._draw(item)
        return self._layers[item]

    def visible(self, item: Item, present: Iterable[Item]) -> np.ndarray:
        """Returns the mask `(H, W)` of what is seen of an item among others; it need not be one of them itself."""
        own = self.layer(item)
        mask = own > 0
        for other in present:
            # Parts of the ground lie under everything and hide nothing.
            if other.label and other.item_id != item.item_id:
                mask &= self.layer(other) <= own * _TIE
        return mask

    def share(self, item: Item, present: Iterable[Item]) -> float:
        """Returns how much of an item's whole outline is seen, 0 to 1; what lies outside the image counts as hidden."""
        self._draw(item)
        whole = self._whole[item]
        return float(self.visible(item, present).sum()) / whole if whole else 0.0

    def _draw(self, item: Item) -> None:
        if item in self._layers:
            return
        mesh = self.catalogue.mesh(item.model)
        padded = rasterize(world_points(mesh, item), mesh.triangles, self.camera, self.size, self.pad)
        self._whole[item] = int((padded > 0).sum())
        inner = padded[self.pad : self.pad + self.size[1], self.pad : self.pad + self.size[0]]
        self._layers[item] = inner.astype(np.float32)


def box_of(mask: np.ndarray) -> tuple[float, float, float, float] | None:
    """Returns `(x1, y1, x2, y2)` around the set pixels in px, None for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
