"""Turns rendered pairs of 3D scenes into an annotation file with sentences; runs in the environment of the toolkit.

    python tools/scenes3d/annotate.py data/diffground-open-3d --split test --queries 4

Reads what tools/scenes3d/render.py has written so far and writes `annotations/SPLIT.jsonl` and `SCENESUMS-SPLIT`, the
SHA-256 of each scene description. A pair one of whose changes can hardly be seen in the rendered images is left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from difftracker.errors import ConfigError, DiffTrackerError
from difftracker.structures import PairRecord
from difftracker.utils.files import atomic_write, write_jsonl
from difftracker.utils.image_io import read_image
from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.pair_files import NAME, PairFiles
from tools.scenes3d.records import make_record


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', type=Path, help='folder of the set, as given to render.py as --out')
    parser.add_argument('--split', choices=('train', 'val', 'test'), required=True)
    parser.add_argument('--queries', type=int, default=4, help='sentences per pair')
    args = parser.parse_args(argv)
    if args.queries < 0:
        parser.error(f'expected --queries of at least 0, found {args.queries}')
    return args


def read_run(root: Path, split: str) -> int:
    """Returns the seed of a rendered split.

    Raises:
        ConfigError: There is no such split.
    """
    path = root / 'scenes' / f'run_{split}.json'
    try:
        return int(json.loads(path.read_text(encoding='utf-8'))['seed'])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f'{path}: expected the file that render.py writes, found {error}') from error


def annotate(root: Path, split: str, queries: int) -> tuple[list[PairRecord], list[str], str]:
    """Makes the records of all complete pairs.

    Returns:
        The records, the ids of the pairs left out, and the lines of the checksum file.
    """
    seed = read_run(root, split)
    models = Catalogue(root, split).models
    records, left_out, sums = [], [], []
    for path in sorted((root / 'scenes' / split).glob(f'{NAME}-{split}-{seed}-*.json')):
        files = PairFiles(root, split, seed, int(path.stem.rsplit('-', 1)[1]))
        if not files.complete(rendered=True):
            continue
        before, after = (read_image(image) for image in files.images)
        names = [image.relative_to(root).as_posix() for image in files.images]
        record = make_record(
            files.read_description(), files.read_masks(), (before, after), names, models, seed, queries
        )  # fmt: skip
        if record is None:
            left_out.append(files.pair_id)
            continue
        records.append(record)
        sums.append(f'{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(root).as_posix()}\n')
    return records, left_out, ''.join(sums)


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    args = parse_args(argv)
    try:
        records, left_out, sums = annotate(args.root, args.split, args.queries)
        if not records:
            raise ConfigError(f'{args.root}: expected rendered pairs of the split {args.split}, found none')
    except DiffTrackerError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    target = args.root / 'annotations' / f'{args.split}.jsonl'
    write_jsonl(target, [record.to_json() for record in records])
    atomic_write(args.root / f'SCENESUMS-{args.split}', sums)
    kinds = Counter(change.type for record in records for change in record.changes)
    layouts = Counter(record.extra['layout'] for record in records)
    print(f'{target}: {len(records)} pairs, {sum(len(record.queries) for record in records)} sentences')
    for name, counts in (('changes', kinds), ('layouts', layouts)):
        print(f'{name}: ' + ', '.join(f'{key} {value}' for key, value in sorted(counts.items())))
    if left_out:
        print(f'left out, a change can hardly be seen: {", ".join(left_out)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
