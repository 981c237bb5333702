"""Format checks of one annotated pair: every fault, each under a code.

`annotations.parse_record` raises on the first of them; the validator lists them all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from .annotation_fault import AnnotationFault

# Annotations are often rounded to two decimals after clipping, so an edge may stand a rounding step outside.
BOX_TOLERANCE = 0.01

FAULT_CODES = {
    'file-missing': 'the annotation file does not exist',
    'file-empty': 'the annotation file holds no pair',
    'not-json': 'a line is not JSON in UTF-8',
    'not-object': 'a line is JSON, but not an object',
    'missing-field': 'a required field is absent',
    'wrong-type': 'a field holds a value of another type',
    'path-leaves-root': 'an image path is absolute or climbs out of the data root',
    'bad-size': 'an image size is not two positive integers',
    'bad-box': 'a box is not four numbers',
    'box-not-finite': 'a box holds NaN or infinity',
    'box-empty': 'a box has no area (x1 >= x2 or y1 >= y2)',
    'box-outside': 'a box leaves its image',
    'box-missing': 'a change has a box in neither image',
    'duplicate-pair-id': 'two pairs share an id',
    'duplicate-change-id': 'two changes of a pair share an id',
    'duplicate-query-id': 'two queries of a pair share an id',
    'duplicate-answer': 'a query names a change twice',
    'unknown-answer': 'a query names a change that the pair does not have',
    'empty-text': 'a query has no text',
    'subset-mismatch': 'the subset of a query contradicts its answers',
    'no-difference': 'the two images of a pair with changes hold the same pixels',
    'image-missing': 'an image file does not exist',
    'image-unreadable': 'an image file cannot be decoded',
    'image-renamed': 'the content of an image file is of another format than its name says',
    'size-mismatch': 'an image has another size than the annotation says',
    'leaked-pair-id': 'a pair id stands in two splits',
    'leaked-image': 'the same image content stands in two splits',
}

RECORD_FIELDS = {
    'pair_id': str,
    'before': str,
    'after': str,
    'before_size': list,
    'after_size': list,
    'changes': list,
    'queries': list,
}
CHANGE_FIELDS = {'change_id': int, 'type': str, 'before_box': (list, type(None)), 'after_box': (list, type(None))}
QUERY_FIELDS = {'query_id': str, 'text': str, 'subset': str, 'answers': list}
# May be absent or null. Whatever else a file brings is carried through unread.
OPTIONAL_RECORD_FIELDS = {'scene': dict}
OPTIONAL_CHANGE_FIELDS = dict.fromkeys(('label', 'new_label', 'colour_before', 'colour_after', 'attribute'), str)

Faults = Iterator[AnnotationFault]


def check_record(obj: Any) -> Faults:
    """Yields every fault of one annotation object, in the order of its fields.

    Args:
        obj: What `json.loads` made of one line.

    Yields:
        Faults with the pair's id where it is readable, without file and line. Image files are not looked at.
    """
    if not isinstance(obj, dict):
        yield AnnotationFault('not-object', f'a line must hold an object, found {type(obj).__name__}')
        return
    pair_id = obj.get('pair_id') if isinstance(obj.get('pair_id'), str) else None
    for fault in _record_faults(obj):
        yield AnnotationFault(fault.code, fault.reason, pair_id=pair_id)


def check_path(side: str, path: str) -> AnnotationFault | None:
    """Returns what is wrong with the path of a picture, or None. The file itself is not looked for.

    Args:
        side: The field, `before` or `after`.
        path: Its value, which must lie below the data root.
    """
    parts = PurePosixPath(path)
    drive = len(path) > 1 and path[1] == ':'
    if not path.strip() or '\0' in path:
        return AnnotationFault('wrong-type', f'{side!r} must be the path of an image, found {path!r}')
    if parts.is_absolute() or '..' in parts.parts or '\\' in path or drive:
        return AnnotationFault(
            'path-leaves-root', f"{side!r} must be a path below the data root with '/', found {path!r}"
        )
    return None


def check_subset(subset: str, answers: list[int], types: dict[int, str]) -> AnnotationFault | None:
    """Returns the contradiction between a query's subset and its answers, or None.

    `none` and an empty answer belong together; `all` asks for every change; the name of a change type asks for changes
    of that type only. Other subset names are a data set's own and say nothing about the answers.

    Args:
        subset: The query's subset.
        answers: The query's answers, all of them keys of `types`.
        types: Type of each change of the pair by its id.
    """
    if (subset == 'none') != (not answers):
        return AnnotationFault(
            'subset-mismatch',
            f"subset {subset!r} with answers {answers}: exactly the queries without an answer belong to subset 'none'",
        )
    if subset == 'all' and set(answers) != set(types):
        return AnnotationFault(
            'subset-mismatch',
            f"subset 'all' must ask for every change, {len(types)} of them, found {len(set(answers))} answers",
        )
    others = sorted({types[answer] for answer in answers} - {subset})
    if others and subset in KNOWN_TYPES | set(types.values()):
        return AnnotationFault(
            'subset-mismatch',
            f'subset {subset!r} must ask for changes of that type only, found answers of type {", ".join(others)}',
        )
    return None


KNOWN_TYPES = frozenset({'appearance', 'replace', 'remove', 'add', 'move'})


def _record_faults(obj: dict) -> Faults:
    yield from _field_faults(obj, RECORD_FIELDS, 'the pair')
    yield from _optional_faults(obj, OPTIONAL_RECORD_FIELDS, 'the pair')
    if isinstance(obj.get('pair_id'), str) and not obj['pair_id'].strip():
        yield AnnotationFault('wrong-type', 'pair_id must not be empty')
    sizes = {}
    for side in ('before', 'after'):
        if isinstance(obj.get(side), str):
            fault = check_path(side, obj[side])
            if fault is not None:
                yield fault
        size = obj.get(f'{side}_size')
        if isinstance(size, list):
            if len(size) == 2 and all(type(value) is int and value > 0 for value in size):
                sizes[side] = (size[0], size[1])
            else:
                yield AnnotationFault(
                    'bad-size', f'{side}_size must be [width, height], two positive integers, found {size}'
                )
    changes = obj.get('changes')
    types: dict[int, str] = {}
    if isinstance(changes, list):
        for change in changes:
            yield from _change_faults(change, types, sizes)
    if isinstance(obj.get('queries'), list):
        seen: set[str] = set()
        for query in obj['queries']:
            yield from _query_faults(query, seen, types)


def _field_faults(item: dict, fields: dict[str, Any], owner: str) -> Faults:
    for name, kinds in fields.items():
        if name not in item:
            yield AnnotationFault('missing-field', f'{owner} lacks the field {name!r}')
        elif not isinstance(item[name], kinds) or isinstance(item[name], bool):
            names = ' or '.join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))
            yield AnnotationFault(
                'wrong-type', f'{name!r} of {owner} must be {names}, found {type(item[name]).__name__}'
            )


def _optional_faults(item: dict, fields: dict[str, Any], owner: str) -> Faults:
    yield from _field_faults(item, {name: kind for name, kind in fields.items() if item.get(name) is not None}, owner)


def _change_faults(change: Any, types: dict[int, str], sizes: dict[str, tuple[int, int]]) -> Faults:
    if not isinstance(change, dict):
        yield AnnotationFault('wrong-type', f'a change must be an object, found {type(change).__name__}')
        return
    owner = f'change {change.get("change_id", "without id")}'
    yield from _field_faults(change, CHANGE_FIELDS, owner)
    yield from _optional_faults(change, OPTIONAL_CHANGE_FIELDS, owner)
    change_id = change.get('change_id')
    if type(change_id) is int:
        if change_id in types:
            yield AnnotationFault('duplicate-change-id', f'change_id {change_id} stands twice')
        types.setdefault(change_id, change.get('type') if isinstance(change.get('type'), str) else '')
    for side in ('before', 'after'):
        box = change.get(f'{side}_box')
        if isinstance(box, list):
            yield from _box_faults(box, f'{side}_box of {owner}', sizes.get(side))
    if all(name in change and change[name] is None for name in ('before_box', 'after_box')):
        yield AnnotationFault('box-missing', f'{owner} must have a box in one image at least')


def _box_faults(box: list, owner: str, size: tuple[int, int] | None) -> Faults:
    if len(box) != 4 or not all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in box):
        yield AnnotationFault('bad-box', f'{owner} must be four numbers [x1, y1, x2, y2], found {box}')
        return
    # Not math.isfinite, which cannot take an integer beyond all floats.
    if not all(abs(value) < math.inf for value in box):
        yield AnnotationFault('box-not-finite', f'{owner} must be finite, found {box}')
        return
    x1, y1, x2, y2 = box
    if x1 >= x2 or y1 >= y2:
        yield AnnotationFault('box-empty', f'{owner} must have x1 < x2 and y1 < y2, found {box}')
    if size is None:
        return
    low, high = min(x1, y1, x2, y2), max(max(x1, x2) - size[0], max(y1, y2) - size[1])
    if low < -BOX_TOLERANCE or high > BOX_TOLERANCE:
        yield AnnotationFault('box-outside', f'{owner} must lie inside the {size[0]} x {size[1]} image, found {box}')


def _query_faults(query: Any, seen: set[str], types: dict[int, str]) -> Faults:
    if not isinstance(query, dict):
        yield AnnotationFault('wrong-type', f'a query must be an object, found {type(query).__name__}')
        return
    owner = f'query {query.get("query_id", "without id")}'
    yield from _field_faults(query, QUERY_FIELDS, owner)
    if isinstance(query.get('query_id'), str):
        if query['query_id'] in seen:
            yield AnnotationFault('duplicate-query-id', f'query_id {query["query_id"]!r} stands twice')
        seen.add(query['query_id'])
    if isinstance(query.get('text'), str) and not query['text'].strip():
        yield AnnotationFault('empty-text', f'{owner} must have a text')
    answers = query.get('answers')
    if not isinstance(answers, list):
        return
    if not all(type(answer) is int for answer in answers):
        yield AnnotationFault('wrong-type', f'answers of {owner} must be change ids (integers), found {answers}')
        return
    unknown = [answer for answer in answers if answer not in types]
    if unknown:
        yield AnnotationFault(
            'unknown-answer', f'answers {unknown} of {owner} are no changes of the pair, which has {sorted(types)}'
        )
    if len(set(answers)) != len(answers):
        yield AnnotationFault('duplicate-answer', f'answers of {owner} must differ, found {answers}')
    if not unknown and isinstance(query.get('subset'), str):
        fault = check_subset(query['subset'], answers, types)
        if fault is not None:
            yield AnnotationFault(fault.code, f'{owner}: {fault.reason}')
