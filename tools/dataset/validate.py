"""Checks annotation files and their images; lists every fault and exits with 1 where there is one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from difftracker.datasets.annotation_checks import FAULT_CODES
from difftracker.datasets.annotation_validator import AnnotationValidator
from difftracker.utils.files import write_json


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    codes = '\n'.join(f'  {code:<20} {meaning}' for code, meaning in FAULT_CODES.items())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f'codes of faults:\n{codes}', formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('annotations', type=Path, nargs='+', help='annotation files; several are checked for leaks too')
    parser.add_argument(
        '--data-root',
        type=Path,
        help="folder that the image paths start from (default: the parent of each file's folder)",
    )
    parser.add_argument('--json', type=Path, help='write the findings to this file')
    parser.add_argument('--no-pixels', dest='pixels', action='store_false', help='do not decode the images')
    parser.add_argument('--max-print', type=int, default=50, help='faults printed; the JSON file holds all')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Checks the files; returns 0 when there is no fault, else 1."""
    args = parse_args(argv)
    validator = AnnotationValidator(pixels=args.pixels)
    for path in args.annotations:
        root = args.data_root or path.resolve().parent.parent
        validator.check(path, root, lambda lines: tqdm(lines, unit='pair', disable=None))
    report = validator.report()
    for figures in report['files']:
        print('{path}: {pairs} pairs, {changes} changes, {queries} queries'.format(**figures))
    for fault in validator.faults[: args.max_print]:
        print(fault)
    if len(validator.faults) > args.max_print:
        print(f'... and {len(validator.faults) - args.max_print} more')
    for code, count in report['counts'].items():
        print(f'{count:>6} x {code}: {FAULT_CODES[code]}')
    print('ok' if report['ok'] else f'{len(validator.faults)} faults')
    if args.json is not None:
        write_json(args.json, report)
    return 0 if report['ok'] else 1


if __name__ == '__main__':
    sys.exit(main())
