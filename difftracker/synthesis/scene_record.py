"""Keeping a scene in a record, so that sentences can be written anew without making the pictures again."""

from __future__ import annotations

from dataclasses import asdict

from difftracker.structures import Box, Change, PairRecord
from difftracker.synthesis.scene import Scene, SceneChange, SceneObject

_TOLD = ('new_label', 'colour_before', 'colour_after', 'attribute')


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
    stored = record.extra.get('scene', {})
    changes = tuple(
        SceneChange(
            change.change_id,
            change.type,
            change.before_box,
            change.after_box,
            change.label,
            *((change.extra or {}).get(name) for name in _TOLD),
        )
        for change in record.changes
    )
    context = tuple(
        SceneObject(item['label'], _box(item['box']), item.get('colour')) for item in stored.get('context', ())
    )
    width, height = record.after_size
    return Scene(width, height, changes, context, stored.get('domain', 'photo'))


def _box(values: list) -> Box:
    x1, y1, x2, y2 = (float(value) for value in values)
    return (x1, y1, x2, y2)
