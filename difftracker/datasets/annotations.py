"""Annotation files: one JSON object per line and image pair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from difftracker.errors import AnnotationError
from difftracker.structures import Change, PairRecord, Query
from difftracker.utils.files import read_jsonl

from .annotation_checks import CHANGE_FIELDS, QUERY_FIELDS, RECORD_FIELDS, check_record

# A subset is a label of the results table: a doubtful one must not keep a file from being read. The validator tells.
TOLERATED = frozenset({'subset-mismatch'})


def parse_record(obj: Any, where_path: str | Path, line: int | None = None) -> PairRecord:
    """Turns one object of an annotation file into a record.

    Args:
        obj: What `json.loads` made of the line.
        where_path: The annotation file, for the message.
        line: 1-based line, for the message.

    Returns:
        The pair; fields that the format does not know are kept under `extra`.

    Raises:
        AnnotationError: On the first fault of the format.
    """
    for fault in check_record(obj):
        if fault.code not in TOLERATED:
            pair = '' if fault.pair_id is None else f' (pair {fault.pair_id})'
            raise AnnotationError(where_path, f'{fault.reason}{pair}', line)
    known = {*RECORD_FIELDS, 'source', 'license'}
    return PairRecord(
        pair_id=obj['pair_id'],
        before=obj['before'],
        after=obj['after'],
        before_size=(obj['before_size'][0], obj['before_size'][1]),
        after_size=(obj['after_size'][0], obj['after_size'][1]),
        changes=tuple(_parse_change(change) for change in obj['changes']),
        queries=tuple(_parse_query(query) for query in obj['queries']),
        source=obj.get('source'),
        license=obj.get('license'),
        extra={name: value for name, value in obj.items() if name not in known},
    )


def read_annotations(path: str | Path) -> list[PairRecord]:
    """Reads an annotation file.

    Args:
        path: JSON Lines file, UTF-8.

    Returns:
        The pairs, in the order of the file.

    Raises:
        AnnotationError: On the first fault: a line that is not JSON, a fault of the format, an id that stands twice,
            a file without pairs, or no file.
    """
    records: list[PairRecord] = []
    lines: dict[str, int] = {}
    for line, obj in read_jsonl(path):
        record = parse_record(obj, path, line)
        if record.pair_id in lines:
            raise AnnotationError(
                path, f'pair_id {record.pair_id!r} stands on line {lines[record.pair_id]} already', line
            )
        lines[record.pair_id] = line
        records.append(record)
    if not records:
        raise AnnotationError(path, 'expected one pair per line, found no pair at all')
    return records


def _parse_change(obj: dict) -> Change:
    boxes = {
        side: None if obj[side] is None else tuple(float(value) for value in obj[side])
        for side in ('before_box', 'after_box')
    }
    extra = {name: value for name, value in obj.items() if name not in {*CHANGE_FIELDS, 'label'}}
    return Change(
        obj['change_id'], obj['type'], boxes['before_box'], boxes['after_box'], obj.get('label'), extra or None
    )


def _parse_query(obj: dict) -> Query:
    extra = {name: value for name, value in obj.items() if name not in QUERY_FIELDS}
    return Query(obj['query_id'], obj['text'], obj['subset'], tuple(obj['answers']), extra or None)
