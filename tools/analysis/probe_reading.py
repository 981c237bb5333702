"""Asks plain sentences about pairs with two changes and tells which words a model reads.

    python tools/analysis/probe_reading.py data/photo_val/annotations/val.jsonl data/photo_val

By chance half of the choices are right. A model that scores well on the benchmark and by chance here has found a
shortcut, for example the kind of change, which most sentences tell.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from difftracker.apis import DiffTrackerInferencer
from difftracker.datasets.annotations import read_annotations
from difftracker.errors import DiffTrackerError
from difftracker.evaluation.prediction import Prediction
from difftracker.evaluation.reading_probe import probe, score_probe
from difftracker.utils.files import write_json


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument('annotations', type=Path, help='annotation file (.jsonl) with labels')
    parser.add_argument('data_root', type=Path, help='folder that the image paths start from')
    parser.add_argument('--model', default='difftracker-lite', help='name or weights file')
    parser.add_argument('--pairs', type=int, help='use only the first so many pairs')
    parser.add_argument('--out', type=Path, help='write the figures to this file (.json)')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Runs the probe; returns the exit status."""
    args = parse_args(argv)
    predictions: dict[tuple[str, str], Prediction] = {}
    try:
        records = [record for record in map(probe, read_annotations(args.annotations)) if record is not None]
        records = records[: args.pairs]
        if not records:
            print(f'error: {args.annotations}: expected pairs with two changes, found none', file=sys.stderr)
            return 1
        inferencer = DiffTrackerInferencer(args.model, score_threshold=0.0)
        for record in tqdm(records, unit='pair', disable=None):
            paths = [str(args.data_root / name) for name in (record.before, record.after)]
            texts = [query.text for query in record.queries]
            for query, answer in zip(record.queries, inferencer.ask(*paths, texts), strict=True):
                predictions[record.pair_id, query.query_id] = Prediction.parse(answer.to_json(), args.annotations)
    except DiffTrackerError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    report = score_probe(records, predictions)
    print(f'{"attribute":12} {"queries":>8} {"on a change":>12} {"right choice":>13}')
    for group, row in report.items():
        right = '-' if row['right'] is None else f'{100 * row["right"]:.1f}'
        print(f'{group:12} {row["queries"]:8d} {100 * row["on_a_change"]:12.1f} {right:>13}')
    if args.out is not None:
        write_json(args.out, report)
    return 0


if __name__ == '__main__':
    sys.exit(main())
