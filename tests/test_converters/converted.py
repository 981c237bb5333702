"""Runs a converter and looks at what it wrote."""

from __future__ import annotations

from pathlib import Path

from difftracker.converters import convert_set
from difftracker.converters.conversion_report import ConversionReport
from difftracker.converters.converter import Converter
from difftracker.datasets.annotation_validator import AnnotationValidator
from difftracker.datasets.annotations import read_annotations
from difftracker.structures import Change, PairRecord


def convert(
    converter: Converter, out: Path, **settings: object
) -> tuple[ConversionReport, dict[str, dict[str, PairRecord]]]:
    """Converts a set and checks that the validator of data sets finds nothing to blame.

    Returns:
        The report, and the records by split and pair id.
    """
    report = convert_set(converter, out, **settings)
    records = {}
    for path in sorted((out / 'annotations').glob('*.jsonl')):
        validator = AnnotationValidator()
        validator.check(path, out)
        assert validator.faults == []
        records[path.stem] = {record.pair_id: record for record in read_annotations(path)}
    assert not list(out.glob('.convert-*'))
    return report, records


def boxes(changes: tuple[Change, ...]) -> list[tuple]:
    """Type, before box and after box of each change."""
    return [(change.type, change.before_box, change.after_box) for change in changes]


def asked(record: PairRecord) -> list[tuple]:
    """Text, subset and answers of each sentence."""
    return [(query.text, query.subset, query.answers) for query in record.queries]
