"""Truth of single conditions about a change: True, False, or None where people could disagree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ..colours import confusable
from ..scene import Scene, SceneChange
from .geometry import area_of, centre_of, direction_truth, gap, overlap, place_truth, relation_truth, size_truth
from .vocabulary import is_a, names_overlap

KNOWN_KINDS: dict[str, tuple[str, ...]] = {
    'photo': ('appearance', 'replace', 'remove', 'add', 'move'),
    'screen': ('appearance', 'add', 'remove'),
    'board': ('open', 'short', 'mousebite', 'spur', 'copper', 'pin-hole'),
}

# Words for the first kind that could also be said of the others ('gone' of what was replaced).
_LOOSE_CLAIMS: dict[str, tuple[str, ...]] = {
    'remove': ('replace', 'move'),
    'add': ('replace', 'move'),
    'appearance': ('replace',),
    'move': ('replace', 'remove', 'add'),
    'replace': ('appearance',),
}
_ABOUT_KINDS = (
    'kind',
    'loose',
    'attribute',
    'turned',
    'was',
    'from_to',
    'new_label',
    'new_colour',
    'direction',
)
_POSITIONAL = {'leftmost': (0, 1), 'rightmost': (0, -1), 'topmost': (1, 1), 'bottommost': (1, -1)}


def facet_truth(scene: Scene, change: SceneChange, name: str, value: Any, facets: Mapping[str, Any]) -> bool | None:
    """Says whether one condition holds for one change.

    Args:
        scene: The pair.
        change: One of its changes.
        name, value: The condition, see `Facet`.
        facets: All conditions of the sentence; a few words mean different things in company.
    """
    if name in _ABOUT_KINDS and change.kind not in KNOWN_KINDS[scene.domain]:
        # A set that calls all its changes 'change' does not say that none of them turned green or was replaced.
        return None
    if name in ('kind', 'loose'):
        return _kind_truth(scene, change, value, name == 'loose', facets)
    if name in ('label', 'hypernym'):
        return _noun_truth(scene, change, name, value, facets)
    if name in ('place', 'size', 'relation'):
        return _position_truth(scene, change, name, value)
    return _VERBS[name](scene, change, value, facets)


def _names(change: SceneChange, facets: Mapping[str, Any], label: str | None) -> bool | None:
    """Says whether the sentence's noun names `label`; True for a sentence without a noun."""
    if 'label' in facets:
        return names_overlap(facets['label'], label)
    return is_a(facets['hypernym'], label) if 'hypernym' in facets else True


def _kind_truth(scene: Scene, change: SceneChange, kind: str, loose: bool, facets: Mapping[str, Any]) -> bool | None:
    if change.kind == kind:
        return True
    if loose and (change.kind in _LOOSE_CLAIMS[kind] or scene.domain == 'screen'):
        # What is called a changed look on a page may be a line of text that is gone or new.
        return None
    named = 'label' in facets or 'hypernym' in facets
    if change.kind == 'replace' and named:
        fits_new = _names(change, facets, change.new_label) is not False
        fits_old = _names(change, facets, change.label) is not False
        # 'The cup that vanished' may mean a cup that was replaced, 'the new dog' the one that stands in its place.
        if (kind == 'remove' and fits_old) or (kind == 'add' and fits_new) or (fits_new and fits_old):
            return None
    if change.kind == 'move' and named and kind in ('remove', 'add'):
        return None
    if kind == 'move' and change.kind in ('remove', 'add') and _has_twin(scene, change):
        return None
    return False


def _has_twin(scene: Scene, change: SceneChange) -> bool:
    """Says whether a removed thing may be taken for one that was added elsewhere, so that it seems to have moved."""
    other = 'add' if change.kind == 'remove' else 'remove'
    return any(
        item.kind == other and (change.label is None or names_overlap(change.label, item.label) is not False)
        for item in scene.changes
    )


def _noun_truth(scene: Scene, change: SceneChange, name: str, value: str, facets: Mapping[str, Any]) -> bool | None:
    old = _names(change, {name: value}, change.label)
    if old is not False:
        return old
    kind = facets.get('kind') or facets.get('loose') or ('appearance' if 'attribute' in facets else None)
    if change.kind == 'replace' and kind != 'replace' and _names(change, {name: value}, change.new_label) is not False:
        return None
    # With a vague or a look-changing verb, what lies on a table can pass for a change of the table.
    if kind in (None, 'appearance', 'replace') and change.after_box is not None:
        for item in scene.context:
            if _names(change, {name: value}, item.label) is not False and overlap(item.box, change.after_box) > 0.15:
                return None
    return False


def _same_colour(asked: str, found: str | None) -> bool | None:
    if found is None:
        return None
    return True if asked == found else None if confusable(asked, found) else False


def _colour_truth(scene: Scene, change: SceneChange, value: str, facets: Mapping[str, Any]) -> bool | None:
    own = change.colour_after if change.kind == 'add' else change.colour_before
    truth = _same_colour(value, own)
    if truth is False and change.kind not in ('remove', 'add', 'move'):
        # 'The red thing' may be meant as it looks now.
        truth = False if _same_colour(value, change.colour_after) is False else None
    if truth is True and 'person' in (change.label, change.new_label):
        return None
    return truth


def _attribute_truth(scene: Scene, change: SceneChange, value: str, facets: Mapping[str, Any]) -> bool | None:
    kind = _kind_truth(scene, change, 'appearance', False, facets)
    if kind is not True:
        return kind
    return True if change.attribute == value else None


def _recoloured(change: SceneChange) -> bool:
    return (
        change.kind == 'appearance'
        and change.attribute == 'colour'
        and change.label != 'person'
        and change.colour_before is not None
        and change.colour_after is not None
        and _same_colour(change.colour_before, change.colour_after) is False
    )


def _shift_truth(change: SceneChange, before: str | None, after: str | None) -> bool | None:
    """Truth of 'was <before> and is <after> now' (either may be open)."""
    if change.kind not in ('appearance', 'replace'):
        return False
    values = [_same_colour(before, change.colour_before)] if before else []
    values += [_same_colour(after, change.colour_after)] if after else []
    if False in values:
        return False
    return True if None not in values and _recoloured(change) else None


def _turned_truth(scene: Scene, change: SceneChange, value: str, facets: Mapping[str, Any]) -> bool | None:
    return _shift_truth(change, None, value)


def _was_truth(scene: Scene, change: SceneChange, value: str, facets: Mapping[str, Any]) -> bool | None:
    return _shift_truth(change, value, None)


def _from_to_truth(scene: Scene, change: SceneChange, value: tuple[str, str], facets: Mapping[str, Any]) -> bool | None:
    return _shift_truth(change, *value)


def _new_label_truth(scene: Scene, change: SceneChange, value: str, facets: Mapping[str, Any]) -> bool | None:
    return names_overlap(value, change.new_label) if change.kind == 'replace' else False


def _new_colour_truth(scene: Scene, change: SceneChange, value: str, facets: Mapping[str, Any]) -> bool | None:
    if change.kind != 'replace':
        return False
    truth = _same_colour(value, change.colour_after)
    return None if truth and change.new_label == 'person' else truth


def _direction_truth(scene: Scene, change: SceneChange, value: str, facets: Mapping[str, Any]) -> bool | None:
    if change.kind != 'move':
        return _kind_truth(scene, change, 'move', False, facets)
    if change.before_box is None or change.after_box is None:
        return None
    return direction_truth(change.before_box, change.after_box, value, scene.width, scene.height)


_VERBS = {
    'colour': _colour_truth,
    'attribute': _attribute_truth,
    'turned': _turned_truth,
    'was': _was_truth,
    'from_to': _from_to_truth,
    'new_label': _new_label_truth,
    'new_colour': _new_colour_truth,
    'direction': _direction_truth,
}


def _position_truth(scene: Scene, change: SceneChange, name: str, value: Any) -> bool | None:
    """Place, size and relation; something that moved must satisfy the condition at both of its places."""
    boxes = [change.after_box, change.before_box] if change.kind == 'move' else [change.after_box]
    truths: set[bool | None] = set()
    for box in boxes:
        if box is None:
            return None
        if name == 'place':
            truths.add(place_truth(box, value, scene.width, scene.height))
        elif name == 'size':
            truths.add(size_truth(box, value, scene.width, scene.height))
        else:
            truths.add(_relation_truth(scene, change, box, value))
    return truths.pop() if len(truths) == 1 else None


def _relation_truth(scene: Scene, change: SceneChange, box: Any, value: tuple[str, str, Any]) -> bool | None:
    relation, source, key = value
    if source == 'change':
        if change.change_id == key:
            return False
        reference = next(item.after_box for item in scene.changes if item.change_id == key)
    else:
        reference = next(item.box for item in scene.context if item.label == key)
    if reference is None:
        return None
    return relation_truth(box, relation, reference, scene.width, scene.height)


def superlative_truth(scene: Scene, value: Any, members: list[bool | None]) -> tuple[bool | None, ...]:
    """Picks the extreme one among the changes that satisfy the rest of the sentence.

    All values are None (unclear) where membership is unclear, fewer than two changes compete, or the lead is small:
    8 % of the picture for positions, 1.5 times the area for sizes, 1.5 times and 5 % of the diagonal for distances.
    """
    unclear = tuple(None for _ in members)
    chosen = [index for index, truth in enumerate(members) if truth]
    if None in members or len(chosen) < 2:
        return unclear
    boxes = [scene.changes[index].after_box for index in chosen]
    if any(box is None for box in boxes) or any(scene.changes[index].kind == 'move' for index in chosen):
        return unclear
    if value in _POSITIONAL:
        axis, sign = _POSITIONAL[value]
        keys = [sign * centre_of(box, scene.width, scene.height)[axis] for box in boxes]
        factor, lead = 0.0, 0.08
    elif value in ('largest', 'smallest'):
        sign = 1 if value == 'smallest' else -1
        keys = [sign * math.log(area_of(box, scene.width, scene.height)) for box in boxes]
        factor, lead = 0.0, math.log(1.5)
    else:
        reference = next(item.box for item in scene.context if item.label == value[1])
        keys = [gap(box, reference) for box in boxes]
        factor, lead = 0.5, 0.05 * math.hypot(scene.width, scene.height)
    order = sorted(range(len(keys)), key=keys.__getitem__)
    best, second = keys[order[0]], keys[order[1]]
    if second - best < lead + factor * abs(best):
        return unclear
    return tuple(index == chosen[order[0]] for index in range(len(members)))
