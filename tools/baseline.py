"""Scores the pixel-difference baseline on an annotation file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from difftracker.baselines import PixelDifference
from difftracker.datasets.annotations import read_annotations
from difftracker.errors import DiffTrackerError, ImageReadError
from difftracker.evaluation import format_report, score_predictions
from difftracker.structures import PairRecord
from difftracker.utils.files import write_json, write_jsonl
from difftracker.utils.image_io import read_image


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('annotations', type=Path, help='annotation file (.jsonl)')
    parser.add_argument('data_root', type=Path, help='folder that the image paths start from')
    parser.add_argument('--out', type=Path, help='write one prediction per query to this file (.jsonl)')
    parser.add_argument('--report', type=Path, help='write the report to this file (.json)')
    parser.add_argument('--no-align', dest='align', action='store_false', help='the pairs are aligned already')
    parser.add_argument('--score-threshold', type=float, default=0.0, help='boxes below it are no part of the decision')
    parser.add_argument('--markdown', action='store_true', help='print the tables as Markdown')
    return parser.parse_args(argv)


def predict(detector: PixelDifference, record: PairRecord, data_root: Path) -> list[dict]:
    """Returns one prediction per query of a pair, all alike because the method cannot read.

    Raises:
        ImageReadError: When one of the images cannot be read.
    """
    boxes, scores = detector(read_image(data_root / record.before), read_image(data_root / record.after))
    answer = {'boxes': boxes.tolist(), 'scores': scores.round(6).tolist()}
    return [{'pair_id': record.pair_id, 'query_id': query.query_id, **answer} for query in record.queries]


def main(argv: list[str] | None = None) -> int:
    """Runs the baseline; returns 1 when a pair could not be read."""
    args = parse_args(argv)
    try:
        records = read_annotations(args.annotations)
    except DiffTrackerError as error:
        print(error, file=sys.stderr)
        return 1
    detector = PixelDifference(align=args.align)
    predictions: list[dict] = []
    failures: list[ImageReadError] = []
    for record in tqdm(records, unit='pair', disable=None):
        try:
            predictions += predict(detector, record, args.data_root)
        except ImageReadError as error:
            failures.append(error)
    if args.out is not None:
        write_jsonl(args.out, predictions)
    report = score_predictions(records, predictions, args.score_threshold)
    if args.report is not None:
        write_json(args.report, report)
    print(format_report(report, args.markdown))
    for error in failures:
        print(f'not read: {error}', file=sys.stderr)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
