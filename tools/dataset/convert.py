"""Converts a public data set, as it is distributed, to the annotation format.

    python tools/dataset/convert.py deeppcb DeepPCB --out data/deeppcb --split test

A broken pair is listed and left out, and the exit code is then 1. The result is checked before it appears in --out.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from difftracker.converters import CONVERTERS, convert_set
from difftracker.errors import DiffTrackerError

# Option of a converter's own -> how the command line takes it.
OPTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    'images': ('--images', {'type': Path, 'help': 'folder of the images, where they are not with the annotations'}),
    'pixel_boxes': (
        '--pixel-boxes',
        {'action': 'store_true', 'help': 'take boxes from alignment and pixel difference; each change says so'},
    ),
    'min_area': ('--min-area', {'type': int, 'help': 'smallest piece of a mask in pixels [16]'}),
    'dilate': ('--dilate', {'type': int, 'help': 'join pieces of a mask by growing it so many pixels [0]'}),
    'refs': ('--refs', {'help': 'file of the expressions, where there are several'}),
    'seed': ('--seed', {'type': int, 'help': 'seed of the edits [0]'}),
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    formats = '\n'.join(f'  {name:<22} {converter.SUMMARY}' for name, converter in CONVERTERS.items())
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        usage='%(prog)s FORMAT SOURCE --out DIR [--split SPLIT ...] [--link] [options of the format]',
        epilog=f'formats (FORMAT --help tells more):\n{formats}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(
        dest='format', metavar='FORMAT', required=True, help='see the list below', prog=parser.prog
    )
    for name, converter in CONVERTERS.items():
        about = inspect.getdoc(converter).split('\n\nArgs:')[0]
        command = commands.add_parser(
            name, description=about, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
        )
        command.add_argument('source', type=Path, metavar='SOURCE', help='folder of the data set, unpacked')
        command.add_argument('--out', type=Path, required=True, help='folder of the new set')
        command.add_argument('--split', nargs='+', help='splits to convert, by their published names [all]')
        command.add_argument('--link', action='store_true', help='link image files instead of copying them')
        for option in options_of(name):
            flag, settings = OPTIONS[option]
            command.add_argument(flag, default=argparse.SUPPRESS, **settings)
    return parser.parse_args(argv)


def options_of(name: str) -> list[str]:
    """Returns the arguments of a converter that are options of its command."""
    return [argument for argument in inspect.signature(CONVERTERS[name]).parameters if argument != 'root']


def bar(items: Sequence[Any], word: str) -> Iterable[Any]:
    """Shows progress through a sequence."""
    return tqdm(items, unit='pair', desc=word, disable=None)


def main(argv: list[str] | None = None) -> int:
    """Converts the set; returns 0 when every pair could be read, else 1."""
    args = parse_args(argv)
    given = {option: getattr(args, option) for option in options_of(args.format) if hasattr(args, option)}
    try:
        converter = CONVERTERS[args.format](args.source, **given)
        report = convert_set(converter, args.out, args.split, args.link, bar)
    except DiffTrackerError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except OSError as error:
        print(f'error: expected to read {args.source} and write {args.out}, found: {error}', file=sys.stderr)
        return 1
    for split, pair_id, reason in report.broken:
        print(f'broken: {split} [{pair_id}] {reason}', file=sys.stderr)
    for leak in report.leaks:
        print(f'as published: {leak}', file=sys.stderr)
    for reason, count in report.left_out.most_common():
        print(f'left out: {count} pairs: {reason}')
    if not converter.HAS_SENTENCES:
        print('The set publishes no sentences. To write some, for each split:')
        for split in report.splits:
            path = args.out / 'annotations' / f'{split}.jsonl'
            print(f'  python tools/dataset/write_queries.py {path} --out {path} --domain {converter.DOMAIN}')
    print(f'{args.out}: {report.summary()}')
    return 1 if report.broken else 0


if __name__ == '__main__':
    sys.exit(main())
