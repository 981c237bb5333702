#!/usr/bin/env python
"""Writes a report on prediction files: tables with intervals, precision and recall, errors.

python tools/analysis/report.py data/photo_val/annotations/val.jsonl --out-dir outputs/report \\
    --run full outputs/photo/report.predictions.jsonl 0.5 \\
    --run text-blind outputs/blank_text/report.predictions.jsonl 0.5

The first run is the one that the report is about; the others stand beside it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from difftracker.datasets.annotations import read_annotations
from difftracker.errors import DiffTrackerError
from difftracker.utils.files import parse_json_object


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
        help='a prediction file, what to call it, and the score of its decisions (default: 0); repeat for more systems',
    )
    parser.add_argument('--out-dir', type=Path, required=True, help='folder for report.md, report.json and plots')
    parser.add_argument('--title', help='default: the path of the annotation file')
    parser.add_argument('--benchmark', type=Path, help='what tools/benchmark.py --json wrote about the first run')
    parser.add_argument('--draws', type=int, default=1000, help='draws behind the intervals (default: 1000)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the draws (default: 0)')
    args = parser.parse_args(argv)
    if args.draws < 100:
        parser.error(f'--draws: expected at least 100, found {args.draws}')
    return args


def main(argv: list[str] | None = None) -> int:
    """Writes the report; returns 1 on bad input."""
    args = parse_args(argv)
    from difftracker.analysis.pair_bootstrap import PairBootstrap
    from difftracker.analysis.report_folder import write_report
    from difftracker.analysis.system_run import load_runs

    try:
        records = read_annotations(args.annotations)
        runs = load_runs(records, args.runs)
        benchmark = None if args.benchmark is None else parse_json_object(args.benchmark.read_bytes(), args.benchmark)
    except (DiffTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    bootstrap = PairBootstrap([record.pair_id for record in records], args.draws, args.seed)
    path = write_report(args.title or str(args.annotations), runs, bootstrap, args.out_dir, benchmark)
    print(f'report: {path}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
