"""Scoring of a prediction file."""

from __future__ import annotations

from pathlib import Path

from difftracker.datasets.annotations import read_annotations
from difftracker.utils.files import read_jsonl

from .score_predictions import index_predictions, score_table


def evaluate_files(annotations: str | Path, predictions: str | Path, score_threshold: float = 0.0) -> dict:
    """Scores a prediction file against an annotation file.

    Args:
        annotations: Annotation file.
        predictions: Prediction file, one line per query; a query without a line counts as answered with nothing, and
            their number stands in the report.
        score_threshold: Boxes below it take part in average precision only.

    Returns:
        The report of `score_predictions`.

    Raises:
        AnnotationError: When a file is missing or breaks its format, or a prediction names an unknown pair or query or
            comes twice; with file and line.
    """
    records = read_annotations(annotations)
    return score_table(records, index_predictions(records, read_jsonl(predictions), predictions), score_threshold)
