"""Keeping a scene in a record, so that sentences can be written anew without making the pictures again."""

from __future__ import annotations

from dataclasses import asdict

from difftracker.structures import Box, Change, PairRecord
from difftracker.synthesis.colours import COLOURS
from difftracker.synthesis.edits.appearance import ATTRIBUTES
from difftracker.synthesis.scene import Scene, SceneChange, SceneObject

# What a sentence may say of a change, and the values that there are words for; None: any.
_TOLD: dict[str, tuple[str, ...] | None] = {
    'new_label': None,
    'colour_before': COLOURS,
    'colour_after': COLOURS,
    'attribute': ATTRIBUTES,
}


def changes_of(scene: Scene) -> tuple[Change, ...]:
    """Returns a scene's changes in the annotation format; what a sentence may say goes into their extra fields."""
    return tuple(
        Change(
            change.change_id,
            change.kind,
            change.before_box,
            change.after_box,
            change.label,
            {name: getattr(change, name) for name in _TOLD if getattr(change, name) is not None} or None,
        )
        for change in scene.changes
    )


def scene_to_json(scene: Scene) -> dict:
    """Returns what a record's other fields do not hold of a scene."""
    return {'domain': scene.domain, 'context': [asdict(item) for item in scene.context]}


def scene_of(record: PairRecord) -> Scene:
    """Returns the scene of a generated record.

    Args:
        record: As `PairWriter` makes it; a record without an extra field `scene` gives a scene without context.
    """
    stored = record.extra.get('scene') or {}
    changes = tuple(
        SceneChange(
            change.change_id,
            change.type,
            change.before_box,
            change.after_box,
            change.label,
            *(_told(change, name) for name in _TOLD),
        )
        for change in record.changes
    )
    context = tuple(
        SceneObject(item['label'], _box(item['box']), item.get('colour')) for item in stored.get('context', ())
    )
    width, height = record.after_size
    return Scene(width, height, changes, context, stored.get('domain', 'photo'))


def _told(change: Change, name: str) -> str | None:
    """Returns what a change's extra field says, None where no sentence can say it."""
    value, words = (change.extra or {}).get(name), _TOLD[name]
    return value if words is None or value in words else None


def _box(values: list) -> Box:
    x1, y1, x2, y2 = (float(value) for value in values)
    return (x1, y1, x2, y2)
