"""What an annotation tells of a change beside its boxes."""

from __future__ import annotations

from difftracker.structures import Change


def describe_change(change: Change) -> tuple[str | None, str | None, str | None, str | None]:
    """Returns name before, name after, colour before and colour after of what stands at the place of a change.

    None where nothing stands there and where the annotation does not say; names and colours are the fields that the
    generator writes (`label`, `new_label`, `colour_before`, `colour_after`).
    """
    extra = change.extra or {}
    names = {
        'add': (None, change.label),
        'remove': (change.label, None),
        'replace': (change.label, extra.get('new_label')),
    }.get(change.type, (change.label, change.label))
    return *names, extra.get('colour_before'), extra.get('colour_after')
