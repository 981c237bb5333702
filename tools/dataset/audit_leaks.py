"""Tells whether traces of editing in the after image alone give the changes of a set away."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from difftracker.benchmark.leak_audit import audit
from difftracker.benchmark.region_statistics import STATISTICS
from difftracker.datasets.annotations import read_annotations
from difftracker.errors import DiffTrackerError
from difftracker.utils.files import write_json


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('annotations', type=Path, help='annotation file of a set that build_benchmark.py made')
    parser.add_argument('--data-root', type=Path, help="default: the parent of the file's folder")
    parser.add_argument('--seed', type=int, default=0, help='draws the unedited places and the intervals')
    parser.add_argument('--json', type=Path, help='write the figures to this file')
    return parser.parse_args(argv)


def format_audit(report: dict) -> str:
    """Returns the report as a table."""
    rows = [f'{"changed regions / others":34s}{"number":>12s}' + ''.join(f'{name:>20s}' for name in STATISTICS)]
    for name, row in report['comparisons'].items():
        cells = [f'{name:34s}{row["changed"]:>6d}/{row["other"]:<5d}']
        for statistic in STATISTICS:
            figure = row[statistic]
            text = '-' if figure['auc'] is None else '{:.2f} ({:.2f}-{:.2f})'.format(figure['auc'], *figure['interval'])
            cells.append(f'{text:>20s}')
        rows.append(''.join(cells))
    return '\n'.join(rows)


def main(argv: list[str] | None = None) -> int:
    """Measures and prints; returns 1 when the set cannot be audited."""
    args = parse_args(argv)
    try:
        records = read_annotations(args.annotations)
        root = args.data_root or args.annotations.resolve().parent.parent
        report = audit(records, root, args.seed, lambda items: tqdm(items, unit='pair', disable=None))
    except DiffTrackerError as error:
        print(f'audit_leaks: {args.annotations}: {error}', file=sys.stderr)
        return 1
    print(format_audit(report))
    print('Area under the ROC curve with its 95 % interval; 0.5 means that the statistic tells nothing.')
    if args.json is not None:
        write_json(args.json, report)
    return 0


if __name__ == '__main__':
    sys.exit(main())
