"""Scores a baseline on an annotation file, by the same protocol as a model."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from difftracker.baselines import DEFAULT_METHOD, DIFFERENCES, GROUNDING_DINO, METHODS, build_baseline
from difftracker.baselines.baseline import Baseline
from difftracker.datasets.annotations import read_annotations
from difftracker.errors import DiffTrackerError, ImageReadError
from difftracker.evaluation import format_report, score_predictions
from difftracker.structures import PairRecord
from difftracker.utils.files import write_json, write_jsonl
from difftracker.utils.image_io import read_stated_image
from difftracker.utils.score_argument import score_argument

DIFFERENCE_OPTIONS = ('margin', 'min_area')
DETECTOR_OPTIONS = ('checkpoint', 'config', 'language_model', 'device')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('annotations', type=Path, help='annotation file (.jsonl)')
    parser.add_argument('data_root', type=Path, help='folder that the image paths start from')
    parser.add_argument('--method', choices=METHODS, default=DEFAULT_METHOD, help=f'default: {DEFAULT_METHOD}')
    parser.add_argument('--out', type=Path, help='write one prediction per query to this file (.jsonl)')
    parser.add_argument('--report', type=Path, help='write the report to this file (.json)')
    parser.add_argument(
        '--score-threshold',
        type=score_argument,
        metavar='S',
        default=0.0,
        help='boxes below this score, 0 to 1, are no part of the decision (default: 0)',
    )
    parser.add_argument('--markdown', action='store_true', help='print the tables as Markdown')
    difference = parser.add_argument_group('methods that fit the light: ' + ', '.join(DIFFERENCES))
    difference.add_argument(
        '--margin',
        type=float,
        metavar='SHARE',
        help="grow boxes on each side by this share of the picture's diagonal, for sets whose boxes are drawn loosely",
    )
    difference.add_argument(
        '--min-area', type=float, metavar='SHARE', help='smallest region as a share of the picture (default: 2e-4)'
    )
    detector = parser.add_argument_group('grounding-dino')
    detector.add_argument('--checkpoint', type=Path, help="weights of mmdet's model zoo (.pth)")
    detector.add_argument('--config', type=Path, help='its config; default: the Swin-T one that mmdet ships')
    detector.add_argument(
        '--language-model', metavar='DIR', help='folder with bert-base-uncased; default: the hub name'
    )
    detector.add_argument('--device', help='cpu, cuda or cuda:N (default: cpu)')
    args = parser.parse_args(argv)
    own = DETECTOR_OPTIONS if args.method == GROUNDING_DINO else ()
    own = DIFFERENCE_OPTIONS if args.method in DIFFERENCES else own
    for name in DIFFERENCE_OPTIONS + DETECTOR_OPTIONS:
        if name not in own and getattr(args, name) is not None:
            parser.error(f'--{name.replace("_", "-")} is no option of --method {args.method}')
    if args.method == GROUNDING_DINO and args.checkpoint is None:
        parser.error(
            "--method grounding-dino: expected weights of mmdet's model zoo as --checkpoint, found none; "
            'they do not come with this package'
        )
    args.settings = {name: getattr(args, name) for name in own if getattr(args, name) is not None}
    return args


def predict(baseline: Baseline, record: PairRecord, data_root: Path) -> list[dict]:
    """Returns one prediction per query of a pair.

    Raises:
        ImageReadError: When one of the images cannot be read, or is of another size than the annotation says.
    """
    sides = ((record.before, record.before_size), (record.after, record.after_size))
    before, after = (read_stated_image(data_root / path, size) for path, size in sides)
    answers = baseline.answer(before, after, [query.text for query in record.queries])
    return [
        {
            'pair_id': record.pair_id,
            'query_id': query.query_id,
            'boxes': boxes.round(3).tolist(),
            'scores': scores.round(6).tolist(),
        }
        for query, (boxes, scores) in zip(record.queries, answers, strict=True)
    ]


def main(argv: list[str] | None = None) -> int:
    """Runs the baseline; returns 1 when a pair could not be read."""
    args = parse_args(argv)
    try:
        records = read_annotations(args.annotations)
        baseline = build_baseline(args.method, **args.settings)
    except DiffTrackerError as error:
        print(error, file=sys.stderr)
        return 1
    if not args.data_root.is_dir():
        print(f'{args.data_root}: expected the folder that the image paths start from, found none', file=sys.stderr)
        return 1
    predictions: list[dict] = []
    failures: list[ImageReadError] = []
    for record in tqdm(records, unit='pair', disable=None):
        try:
            predictions += predict(baseline, record, args.data_root)
        except ImageReadError as error:
            failures.append(error)
    if len(failures) == len(records):
        # Zeros would take the place of what an earlier run found.
        print(f'nothing written, no pair could be read: {failures[0]}', file=sys.stderr)
        return 1
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
