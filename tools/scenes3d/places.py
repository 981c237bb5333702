"""Where each change of a pair is seen in each image, by the rules of the annotation format."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tools.scenes3d.description import DrawnChange, Item, Shot
from tools.scenes3d.frame_view import FrameView

# Below this share of its outline an object is taken as not to be seen.
MIN_SHARE = 0.45


def by_id(items: Sequence[Item], item_id: int | None) -> Item | None:
    """Returns the item with an id, None where there is none."""
    return next((item for item in items if item.item_id == item_id), None)


def change_items(change: DrawnChange, before: Shot, after: Shot) -> tuple[Item | None, Item | None]:
    """Returns the object of a change in the two shots, None where it is absent."""
    return by_id(before.items, change.before_item), by_id(after.items, change.after_item)


def change_places(
    change: DrawnChange, shots: tuple[Shot, Shot], views: tuple[FrameView, FrameView]
) -> tuple[np.ndarray, np.ndarray] | None:
    """Returns the place of a change in both images, `(H, W)` bool each.

    What is added or removed has the same place in the image without it: where it would be seen. Of something replaced,
    the place is what the old and the new one take up together. Something moved has its own place in each image.

    Returns:
        The two masks, or None where less than `MIN_SHARE` of the object can be seen in an image that counts.
    """
    own = change_items(change, *shots)
    masks = []
    for index, (shot, view) in enumerate(zip(shots, views, strict=True)):
        mine, other = own[index], own[1 - index]
        shown = [item for item in (mine, other) if item is not None]
        if change.kind in ('move', 'appearance'):
            shown = [mine]
        others = [item for item in shot.items if item.item_id not in (change.before_item, change.after_item)]
        mask = np.zeros((view.size[1], view.size[0]), dtype=bool)
        for item in shown:
            if view.share(item, others) < MIN_SHARE:
                return None
            mask |= view.visible(item, others)
        masks.append(mask)
    return masks[0], masks[1]
