"""Annotation records from scene descriptions, masks and rendered images."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from difftracker.structures import PairRecord
from difftracker.synthesis.colours import colour_name
from difftracker.synthesis.queries import write_queries
from difftracker.synthesis.scene import Scene, SceneChange, SceneObject
from difftracker.synthesis.scene_record import changes_of, scene_to_json
from tools.scenes3d.description import DrawnChange, PairDescription
from tools.scenes3d.frame_view import box_of
from tools.scenes3d.masks import Masks
from tools.scenes3d.model import Model
from tools.scenes3d.places import by_id, change_items

SOURCE = 'DiffGround-Open-3D 1.0'
LICENSES = {'kaykit': 'CC0-1.0', 'clevr': 'BSD-3-Clause'}
# Mean CIE76 difference inside a change's place; below it, few people would see the change.
MIN_DIFFERENCE = 9.0
# An object of which less is seen is not spoken of.
_CONTEXT_SHARE, _CONTEXT_PIXELS = 0.15, 80


def make_record(
    pair: PairDescription,
    masks: Masks,
    images: tuple[np.ndarray, np.ndarray],
    names: Sequence[str],
    models: Mapping[str, Model],
    seed: int,
    queries: int,
) -> PairRecord | None:
    """Makes the record of a pair, with sentences.

    Args:
        pair: The description.
        masks: What is seen where.
        images: Both images, `(H, W, 3)` uint8 RGB.
        names: Their paths in the set.
        models: The catalogue's models by name.
        seed: Seed of the sentences; each pair draws from a stream of its own.
        queries: Sentences wanted.

    Returns:
        The record, or None where a change can hardly be seen in the images.
    """
    if _faint(pair, masks, images):
        return None
    changes = [_change(change, pair, masks, images) for change in pair.changes]
    touched = {item_id for change in pair.changes for item_id in (change.before_item, change.after_item)}
    context = []
    for item in pair.after.items:
        mask = masks.items[1] == item.item_id
        seen = item.label and masks.shares[item.item_id] >= _CONTEXT_SHARE and mask.sum() >= _CONTEXT_PIXELS
        if seen and item.item_id not in touched:
            context.append(SceneObject(item.label, box_of(mask), colour_name(images[1][mask])))
    scene = Scene(*pair.size, tuple(changes), tuple(context))
    rng = np.random.default_rng((seed, zlib.crc32(pair.pair_id.encode('utf-8'))))
    packs = sorted({item.model.split('/')[0] for item in pair.before.items + pair.after.items})
    used = [item for change in pair.changes for item in change_items(change, pair.before, pair.after) if item]
    return PairRecord(
        pair.pair_id, names[0], names[1], pair.size, pair.size, changes_of(scene),
        tuple(write_queries(scene, rng, queries)), SOURCE, ' AND '.join(LICENSES[pack] for pack in packs),
        {
            'nuisance': pair.nuisance,
            'layout': pair.layout,
            'held_out_models': sorted({item.model for item in used if models[item.model].held_out}),
            'scene': scene_to_json(scene),
        },
    )  # fmt: skip


def _change(
    change: DrawnChange, pair: PairDescription, masks: Masks, images: tuple[np.ndarray, np.ndarray]
) -> SceneChange:
    before, after = change_items(change, pair.before, pair.after)
    boxes = [box_of(place) for place in masks.places[change.change_id]]
    colours = [
        None if item is None else colour_name(image[items == item.item_id])
        for item, image, items in zip((before, after), images, masks.items, strict=True)
    ]
    first = before or by_id(pair.after.items, change.after_item)
    new_label = after.label if change.kind == 'replace' else None
    return SceneChange(change.change_id, change.kind, *boxes, first.label, new_label, *colours, change.attribute)


def _faint(pair: PairDescription, masks: Masks, images: tuple[np.ndarray, np.ndarray]) -> bool:
    """Says whether some change can hardly be seen; what moved is always seen, as its two places lie apart."""
    same_light = _in_light_of(images, masks)
    return any(
        change.kind != 'move' and _difference(same_light, masks.places[change.change_id]) < MIN_DIFFERENCE
        for change in pair.changes
    )


def _in_light_of(images: tuple[np.ndarray, np.ndarray], masks: Masks) -> tuple[np.ndarray, np.ndarray]:
    """Returns the before image in about the light of the after image, and that: a change must not be light alone."""
    levels = [
        np.median(image[~masks.places[:, frame].any(axis=0)], axis=0).clip(1) for frame, image in enumerate(images)
    ]
    return (images[0] * (levels[1] / levels[0])).clip(0, 255).astype(np.uint8), images[1]


def _difference(images: tuple[np.ndarray, np.ndarray], places: np.ndarray) -> float:
    """Returns how much a change's place differs between the images: the mean CIE76 difference, brought into register.

    Where the camera moved, the place's box in the before image is laid over that in the after image.
    """
    patches = []
    for image, place in zip(images, places, strict=True):
        x1, y1, x2, y2 = (int(value) for value in box_of(place))
        patches.append(cv2.cvtColor(image[y1:y2, x1:x2].astype(np.float32) / 255, cv2.COLOR_RGB2LAB))
    mask = places[1][y1:y2, x1:x2]
    first = cv2.resize(patches[0], mask.shape[::-1], interpolation=cv2.INTER_AREA)
    return float(np.linalg.norm(first - patches[1], axis=2)[mask].mean())
