"""Counts what annotation files hold: pairs, changes, sentences."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from difftracker.datasets.annotations import read_annotations
from difftracker.datasets.dataset_statistics import count_records, format_statistics
from difftracker.errors import DiffTrackerError
from difftracker.utils.files import write_json


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('annotations', type=Path, nargs='+', help='annotation files, counted together')
    parser.add_argument('--json', type=Path, help='write the counts to this file')
    parser.add_argument('--top', type=int, default=15, help='names per table')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Counts and prints; returns 1 when a file breaks the format."""
    args = parse_args(argv)
    try:
        records = [record for path in args.annotations for record in read_annotations(path)]
    except DiffTrackerError as error:
        print(error, file=sys.stderr)
        return 1
    counts = count_records(records)
    print(format_statistics(counts, args.top))
    if args.json is not None:
        write_json(args.json, counts)
    return 0


if __name__ == '__main__':
    sys.exit(main())
