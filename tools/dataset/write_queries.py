"""Writes sentences for the pairs of an annotation file.

    python tools/dataset/write_queries.py DATA/annotations/train.jsonl --out DATA/annotations/train_queries.jsonl \
        --domain board --per-pair 12 --seed 1

A pair's sentences depend on the seed and the pair's id only, so that order, subset, machine and --workers make
no difference.
"""

from __future__ import annotations

import argparse
import sys
import zlib
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from difftracker.datasets.annotations import read_annotations
from difftracker.errors import DiffTrackerError
from difftracker.structures import PairRecord, Query
from difftracker.synthesis.queries import write_queries
from difftracker.synthesis.scene_record import scene_of
from difftracker.utils.files import write_jsonl
from difftracker.utils.processes import ordered_map


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('annotations', type=Path, help='annotation file (JSON Lines)')
    parser.add_argument('--out', type=Path, required=True, help='annotation file to write')
    parser.add_argument('--domain', choices=('photo', 'screen', 'board'), required=True, help='decides the wording')
    parser.add_argument('--per-pair', type=int, default=12, help='sentences wanted for each pair')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--concise', action='store_true', help='leave out conditions that are not needed')
    parser.add_argument('--keep', action='store_true', help='keep the sentences that are there and add to them')
    parser.add_argument('--workers', type=int, default=1, help='processes')
    return parser.parse_args(argv)


def with_queries(
    record: PairRecord, domain: str, per_pair: int, seed: int, keep: bool, concise: bool = False
) -> PairRecord:
    """Returns the record with new sentences.

    Args:
        record: The pair.
        domain: `photo`, `screen` or `board`.
        per_pair: Sentences wanted.
        seed: Seed of the file; each pair draws from a stream of its own.
        keep: Whether the record's own queries stay in front; new ones with the same text are left out.
        concise: Whether conditions that are not needed are left out.
    """
    rng = np.random.default_rng((seed, zlib.crc32(record.pair_id.encode('utf-8'))))
    kept = record.queries if keep else ()
    texts = {_plain(query.text) for query in kept}
    ids = {query.query_id for query in kept}
    added: list[Query] = []
    for query in write_queries(replace(scene_of(record), domain=domain), rng, per_pair, concise):
        if _plain(query.text) in texts:
            continue
        number = len(kept) + len(added)
        while f'q{number}' in ids:
            number += 1
        ids.add(f'q{number}')
        added.append(replace(query, query_id=f'q{number}'))
    return replace(record, queries=(*kept, *added))


def _plain(text: str) -> str:
    return ' '.join(text.lower().strip(' .?!').split())


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    args = parse_args(argv)
    if args.per_pair < 0 or args.seed < 0 or args.workers < 1:
        print('error: expected --per-pair and --seed of at least 0 and --workers of at least 1', file=sys.stderr)
        return 2
    try:
        records = read_annotations(args.annotations)
    except DiffTrackerError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    write = partial(
        with_queries,
        domain=args.domain,
        per_pair=args.per_pair,
        seed=args.seed,
        keep=args.keep,
        concise=args.concise,
    )
    written = list(tqdm(ordered_map(write, records, args.workers), total=len(records), unit='pair'))
    write_jsonl(args.out, [record.to_json() for record in written])
    subsets = Counter(query.subset for record in written for query in record.queries)
    print(f'{args.out}: {len(written)} pairs, {sum(subsets.values())} sentences')
    print(', '.join(f'{name} {count}' for name, count in sorted(subsets.items())))
    return 0


if __name__ == '__main__':
    sys.exit(main())
