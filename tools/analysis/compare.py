#!/usr/bin/env python
"""Compares systems query by query: differences with intervals, and pictures where one is right and the other wrong.

python tools/analysis/compare.py data/photo_val/annotations/val.jsonl --data-root data/photo_val \\
    --run lite outputs/photo/report.predictions.jsonl 0.5 --run difference baseline.jsonl --out-dir outputs/compare

The first run is compared with each of the others.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from difftracker.datasets.annotations import read_annotations
from difftracker.errors import DiffTrackerError


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('annotations', type=Path, help='annotation file (.jsonl)')
    parser.add_argument(
        '--run',
        dest='runs',
        action='append',
        nargs='+',
        required=True,
        metavar=('NAME', 'FILE [THRESHOLD]'),
        help='a prediction file, what to call it, and the score of its decisions (default: 0); two or more',
    )
    parser.add_argument('--out-dir', type=Path, required=True, help='folder for compare.md, compare.json and pictures')
    parser.add_argument('--data-root', type=Path, help='folder that the image paths start from; without it no pictures')
    parser.add_argument('--pictures', type=int, default=8, help='pictures of each sort (default: 8)')
    parser.add_argument('--title', help='default: the path of the annotation file')
    parser.add_argument('--draws', type=int, default=1000, help='draws behind the intervals (default: 1000)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the draws (default: 0)')
    args = parser.parse_args(argv)
    if args.draws < 100:
        parser.error(f'--draws: expected at least 100, found {args.draws}')
    if len(args.runs) < 2:
        parser.error(f'--run: expected two or more, found {len(args.runs)}')
    return args


def main(argv: list[str] | None = None) -> int:
    """Writes the comparison; returns 1 on bad input."""
    args = parse_args(argv)
    from difftracker.analysis.comparison_folder import write_comparison
    from difftracker.analysis.pair_bootstrap import PairBootstrap
    from difftracker.analysis.system_run import load_runs

    try:
        records = read_annotations(args.annotations)
        runs = load_runs(records, args.runs)
        bootstrap = PairBootstrap([record.pair_id for record in records], args.draws, args.seed)
        title = args.title or str(args.annotations)
        path = write_comparison(title, runs, bootstrap, args.data_root, args.pictures, args.out_dir)
    except (DiffTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'comparison: {path}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
