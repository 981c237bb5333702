"""Cuts windows out of the pairs of an annotation file, at the size that the pictures have.

    python tools/dataset/cut_windows.py DATA/screens/annotations/train.jsonl --root DATA/screens \
        --out DATA/screens_windows --split train --per-pair 6 --seed 1

A change of a few pixels on a large picture is lost where the picture is made small enough to train on. The windows have
no sentences; write_queries.py writes them. A window depends on the seed and the pair's id only.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from difftracker.datasets.annotations import read_annotations
from difftracker.errors import DiffTrackerError
from difftracker.structures import PairRecord
from difftracker.synthesis.window_cutter import WindowCutter
from difftracker.utils.files import write_jsonl
from difftracker.utils.image_io import read_image, write_image


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


def cut_pair(record: PairRecord, cutter: WindowCutter, args: argparse.Namespace, folder: str) -> Iterator[PairRecord]:
    """Writes the images of a pair's windows and yields their records; a window drawn twice is written once."""
    rng = np.random.default_rng((args.seed, zlib.crc32(record.pair_id.encode('utf-8'))))
    images = [read_image(args.root / path) for path in (record.before, record.after)]
    seen = set()
    for _ in range(args.per_pair):
        drawn = cutter.draw(record, rng)
        if drawn is None or drawn[0] in seen:
            continue
        window, part = drawn
        name = f'{record.pair_id}-w{len(seen)}'
        seen.add(window)
        paths = [f'images/{folder}/{name}_{side}.png' for side in 'ab']
        for path, image in zip(paths, images, strict=True):
            write_image(args.out / path, image[window.top : window.bottom, window.left : window.right])
        yield replace(part, pair_id=name, before=paths[0], after=paths[1])


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    args = parse_args(argv)
    cutter = WindowCutter(tuple(args.size), args.empty)
    windows: list[PairRecord] = []
    unequal = 0
    try:
        for index, record in enumerate(tqdm(read_annotations(args.annotations), unit='pair', disable=None)):
            if record.before_size != record.after_size:
                unequal += 1
                continue
            windows += cut_pair(record, cutter, args, f'{index // 1000:03d}')
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
