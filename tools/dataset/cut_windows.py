"""Cuts windows out of the pairs of an annotation file, at the size that the pictures have.

    python tools/dataset/cut_windows.py DATA/screens/annotations/train.jsonl --root DATA/screens \
        --out DATA/screens_windows --split train --per-pair 6 --seed 1

A change of a few pixels on a large picture is lost where the picture is made small enough to train on. The windows have
no sentences; write_queries.py writes them. A window depends on the seed and the pair's id only.
"""

from __future__ import annotations

import argparse
import re
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from difftracker.datasets.annotations import read_annotations
from difftracker.errors import AnnotationError, DiffTrackerError
from difftracker.structures import PairRecord
from difftracker.synthesis.window_cutter import WindowCutter
from difftracker.utils.files import write_jsonl
from difftracker.utils.image_io import read_stated_image, write_image

# File systems take 255; what follows is the window, the side and what is added while the file is being written.
NAME_BYTES = 200


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('annotations', type=Path, help='annotation file (JSON Lines)')
    parser.add_argument('--root', type=Path, required=True, help='folder that its image paths start from')
    parser.add_argument('--out', type=Path, required=True, help='folder of the new set')
    parser.add_argument('--split', choices=('train', 'val'), required=True)
    parser.add_argument('--per-pair', type=int, default=4, help='windows wanted of each pair')
    parser.add_argument('--size', type=int, nargs=2, default=(240, 480), metavar=('LOW', 'HIGH'), help='sides in px')
    parser.add_argument('--empty', type=float, default=0.15, help='share of windows put anywhere')
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args(argv)
    if args.per_pair < 1 or args.seed < 0:
        parser.error('expected --per-pair of at least 1 and --seed of at least 0')
    if not 0 < args.size[0] <= args.size[1]:
        parser.error(f'expected --size LOW HIGH with 0 < LOW <= HIGH, found {args.size[0]} {args.size[1]}')
    if not 0 <= args.empty <= 1:
        parser.error(f'expected --empty in [0, 1], found {args.empty}')
    return args


def picture_path(pair_id: str, index: int) -> str:
    """Returns the path that the names of a pair's pictures begin with.

    Args:
        pair_id: Stands in the path as it is where each of its parts can be the name of a file.
        index: The pair's place in its file.
    """
    plain = all(part not in ('', '.', '..') and len(part.encode()) <= NAME_BYTES for part in pair_id.split('/'))
    if plain and not {'\\', '\0'} & set(pair_id):
        return f'images/{index // 1000:03d}/{pair_id}'
    # The place keeps ids apart that differ in nothing but what is replaced.
    return f'images/renamed/{index:06d}_{re.sub(r"[^A-Za-z0-9._-]+", "_", pair_id)[:80]}'


def cut_pair(record: PairRecord, cutter: WindowCutter, args: argparse.Namespace, index: int) -> Iterator[PairRecord]:
    """Writes the images of a pair's windows and yields their records; a window drawn twice is written once."""
    rng = np.random.default_rng((args.seed, zlib.crc32(record.pair_id.encode('utf-8'))))
    sides = ((record.before, record.before_size), (record.after, record.after_size))
    images = [read_stated_image(args.root / path, size) for path, size in sides]
    seen = set()
    for _ in range(args.per_pair):
        drawn = cutter.draw(record, rng)
        if drawn is None or drawn[0] in seen:
            continue
        window, part = drawn
        suffix = f'-w{len(seen)}'
        seen.add(window)
        paths = [f'{picture_path(record.pair_id, index)}{suffix}_{side}.png' for side in 'ab']
        for path, image in zip(paths, images, strict=True):
            write_image(args.out / path, image[window.top : window.bottom, window.left : window.right])
        yield replace(part, pair_id=f'{record.pair_id}{suffix}', before=paths[0], after=paths[1])


def cut_all(args: argparse.Namespace) -> tuple[list[PairRecord], int]:
    """Cuts all pairs of the file.

    Returns:
        The windows, at least one, and the number of pairs left out since their images are of unequal size.

    Raises:
        AnnotationError: The file breaks the format, or no pair gives a window.
        ImageReadError: A picture cannot be read or is of another size than stated.
    """
    cutter = WindowCutter(tuple(args.size), args.empty)
    records = read_annotations(args.annotations)
    windows: list[PairRecord] = []
    unequal = 0
    for index, record in enumerate(tqdm(records, unit='pair', disable=None)):
        if record.before_size != record.after_size:
            unequal += 1
            continue
        windows += cut_pair(record, cutter, args, index)
    if not windows:
        found = f'none in {len(records)} pairs, {unequal} of them of two images of unequal size'
        raise AnnotationError(args.annotations, f'expected at least one window, found {found}')
    return windows, unequal


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    args = parse_args(argv)
    try:
        windows, unequal = cut_all(args)
    except DiffTrackerError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    path = args.out / 'annotations' / f'{args.split}.jsonl'
    write_jsonl(path, [window.to_json() for window in windows])
    changes = sum(len(window.changes) for window in windows)
    print(f'{path}: {len(windows)} windows, {changes} changes, {sum(not w.changes for w in windows)} without a change')
    if unequal:
        print(f'left out: {unequal} pairs of two images of unequal size')
    return 0


if __name__ == '__main__':
    sys.exit(main())
