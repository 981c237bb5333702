"""Does a model read? Plain sentences about pairs with two changes, one attribute at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from difftracker.structures import Change, PairRecord, Query

from .box_matching import pairwise_iou
from .prediction import Prediction

# An answer is "on a change" from this overlap on: the probe is about the choice, not about tight boxes.
ON_A_CHANGE = 0.3
_LOW, _HIGH, _LARGER = 0.4, 0.6, 3.0
_PLACES = (
    (0, ('on the left', 'on the right'), ('leftmost', 'rightmost')),
    (1, ('at the top', 'at the bottom'), ('topmost', 'bottommost')),
)
_KINDS = {
    'add': 'What was added?',
    'remove': 'What was removed?',
    'replace': 'What was replaced?',
    'move': 'What was moved?',
    'appearance': 'What changed its look?',
}


def probe(record: PairRecord) -> PairRecord | None:
    """Replaces a pair's sentences by plain ones that name one attribute each.

    Attributes are told only where they set the two changes clearly apart: places on either side of the middle, one area
    three times the other, different kinds, different names.

    Returns:
        The record; the ids of its queries are `GROUP-NUMBER`. None for a pair without exactly two changes in view.
    """
    if len(record.changes) != 2 or any(change.after_box is None for change in record.changes):
        return None
    sentences = [*_by_place(record), *_by_size(record), *_by_kind(record), *_by_name(record)]
    queries = tuple(
        Query(f'{group}-{number}', text, change.type, (change.change_id,))
        for number, (group, text, change) in enumerate(sentences)
    )
    return replace(record, queries=queries) if queries else None


def _by_place(record: PairRecord) -> Iterable[tuple[str, str, Change]]:
    for axis, sides, most in _PLACES:
        ordered = sorted(record.changes, key=lambda change: _centre(change, axis))
        ends = [_centre(change, axis) / record.after_size[axis] for change in ordered]
        if ends[0] < _LOW and ends[1] > _HIGH:
            for change, side, word in zip(ordered, sides, most, strict=True):
                yield 'place', f'What changed {side}?', change
                yield 'superlative', f'the {word} change', change


def _by_size(record: PairRecord) -> Iterable[tuple[str, str, Change]]:
    small, large = sorted(record.changes, key=_area)
    if _area(large) > _LARGER * _area(small):
        yield 'size', 'the smallest change', small
        yield 'size', 'the largest change', large


def _by_kind(record: PairRecord) -> Iterable[tuple[str, str, Change]]:
    if record.changes[0].type != record.changes[1].type:
        for change in record.changes:
            if change.type in _KINDS:
                yield 'kind', _KINDS[change.type], change


def _by_name(record: PairRecord) -> Iterable[tuple[str, str, Change]]:
    names = [{change.label, (change.extra or {}).get('new_label')} - {None} for change in record.changes]
    if not names[0] & names[1]:
        for change in record.changes:
            if change.label is not None:
                yield 'name', f'What happened to the {change.label}?', change


def score_probe(records: Iterable[PairRecord], predictions: dict[tuple[str, str], Prediction]) -> dict[str, dict]:
    """Scores the best box of each answer.

    Args:
        records: What `probe` returned.
        predictions: By pair id and query id; boxes of any score count, the choice is forced.

    Returns:
        By group: `queries`, `on_a_change` (share whose best box lies on one of the two changes) and `right` (share of
        those that chose the right one; None without any).
    """
    counts: dict[str, list[int]] = {}
    for record in records:
        boxes = [change.after_box for change in record.changes]
        for query in record.queries:
            row = counts.setdefault(query.query_id.rsplit('-', 1)[0], [0, 0, 0])
            row[0] += 1
            found = predictions[record.pair_id, query.query_id].boxes[:1]
            if not len(found):
                continue
            overlaps = pairwise_iou(found, boxes)[0]
            best = int(overlaps.argmax())
            if overlaps[best] >= ON_A_CHANGE:
                row[1] += 1
                row[2] += record.changes[best].change_id in query.answers
    return {
        group: {'queries': count, 'on_a_change': hit / count, 'right': right / hit if hit else None}
        for group, (count, hit, right) in counts.items()
    }


def _centre(change: Change, axis: int) -> float:
    return (change.after_box[axis] + change.after_box[axis + 2]) / 2


def _area(change: Change) -> float:
    x1, y1, x2, y2 = change.after_box
    return (x2 - x1) * (y2 - y1)
