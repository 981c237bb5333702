"""Generates a set of image pairs after a recipe.

    python tools/dataset/generate.py configs/recipes/photo.json --out DIR --pairs 2000 --seed 1 --split train \
        --data-root DATA --cutouts CUTOUTS/index.csv --workers 4

The same recipe, data and seed give the same set with any number of workers. A run that was stopped goes on where it
was when started again with the same arguments.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import cv2
from tqdm import tqdm

from difftracker.errors import ConfigError, DiffTrackerError
from difftracker.synthesis.build import build_composer
from difftracker.synthesis.pair_writer import PairWriter
from difftracker.synthesis.recipe import Recipe, read_recipe
from difftracker.utils.files import atomic_write, parse_json_object, write_json

_writer: PairWriter | None = None
_fault = ''


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('recipe', type=Path)
    parser.add_argument('--out', type=Path, required=True, help='folder of the set')
    parser.add_argument('--pairs', type=int, required=True, help='number of pairs')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--workers', type=int, default=1)
    parser.add_argument('--split', choices=('train', 'val'), required=True)
    parser.add_argument('--long-side', type=int, help="longer side of the images in px; default: the recipe's")
    parser.add_argument('--queries', type=int, help="sentences per pair; default: the recipe's")
    parser.add_argument('--shard', type=int, default=50, help='pairs between two saves; a stopped run repeats fewer')
    default = os.environ.get('DIFFTRACKER_DATA_ROOT')
    parser.add_argument('--data-root', type=Path, default=default, help='folder of the sources [DIFFTRACKER_DATA_ROOT]')
    default = os.environ.get('DIFFTRACKER_CUTOUTS')
    parser.add_argument('--cutouts', type=Path, default=default, help='index of cut-outs [DIFFTRACKER_CUTOUTS]')
    args = parser.parse_args(argv)
    if args.data_root is None:
        parser.error('expected --data-root, or the environment variable DIFFTRACKER_DATA_ROOT')
    if min(args.pairs, args.workers, args.shard) < 1 or args.seed < 0:
        parser.error('expected --pairs, --workers and --shard of at least 1 and --seed of at least 0')
    return args


def start_worker(recipe: Recipe, args: argparse.Namespace) -> None:
    """Sets one process up; sources are read once in each."""
    global _writer, _fault
    # Several threads would only get into each other's way, and results must not depend on their number.
    cv2.setNumThreads(1)
    try:
        composer = build_composer(recipe, args.data_root, args.split, args.cutouts)
        _writer = PairWriter(composer, recipe, args.out, args.split, args.seed)
    except DiffTrackerError as error:
        # A pool would start a worker that fails here again and again; the first job reports the fault instead.
        _fault = str(error)
    except Exception:  # the same trap, whatever the error
        _fault = f'expected usable sources, found an error that nobody foresaw:\n{traceback.format_exc().strip()}'


def make_shard(job: tuple[Path, int, int]) -> int:
    """Makes the pairs of one shard and saves their records; returns how many.

    Raises:
        ConfigError: A source cannot be used; whatever its error, this one travels between processes as it is.
    """
    path, first, end = job
    if _writer is None:
        raise ConfigError(_fault)
    try:
        lines = [json.dumps(_writer.write(index).to_json(), ensure_ascii=False) for index in range(first, end)]
    except DiffTrackerError as error:
        raise ConfigError(f'pairs {first} to {end}: {error}') from error
    atomic_write(path, '\n'.join(lines) + '\n')
    return end - first


def run_jobs(jobs: list, recipe: Recipe, args: argparse.Namespace) -> Iterator[int]:
    """Makes the shards in this process or in several; yields the size of each one that is done."""
    if args.workers == 1:
        start_worker(recipe, args)
        yield from map(make_shard, jobs)
        return
    context = multiprocessing.get_context('spawn')
    with context.Pool(args.workers, start_worker, (recipe, args)) as pool:
        yield from pool.imap_unordered(make_shard, jobs)


def annotation_paths(args: argparse.Namespace) -> tuple[Path, Path]:
    """Returns the annotation file of the set and the folder of the shards that it is put together from."""
    folder = args.out / 'annotations'
    return folder / f'{args.split}.jsonl', folder / f'.{args.split}_shards'


def check_same_run(recipe: Recipe, args: argparse.Namespace) -> None:
    """Refuses to mix two sets in one folder; until its first shard is finished, a folder is free for any.

    Raises:
        ConfigError: The folder holds pairs of another recipe or seed, or of other sources.
    """
    path = args.out / f'recipe_{args.split}.json'
    cutouts = args.cutouts is not None and any(item.get('type') == 'cutouts' for item in recipe.sprites)
    sources = {'--data-root': str(args.data_root), '--cutouts': str(args.cutouts) if cutouts else None}
    run = {'recipe': asdict(recipe), 'seed': args.seed, 'split': args.split, 'sources': sources}
    target, shards = annotation_paths(args)
    if not path.is_file() or not (target.is_file() or any(shards.glob('*.jsonl'))):
        write_json(path, run)
        return
    # Sets that were begun before the sources were recorded go on with any.
    begun = {'sources': sources, **parse_json_object(path.read_bytes(), path)}
    if {**begun, 'sources': sources} != json.loads(json.dumps(run)):
        raise ConfigError(f'{path}: expected the recipe and seed of this run, found others; choose another --out')
    if begun['sources'] != sources:
        reason = f'expected the sources that the set was begun with, {begun["sources"]}, found {sources}'
        raise ConfigError(f'{path}: {reason}; give those, or choose another --out')


def describe(path: Path) -> str:
    """Returns the statistics of a finished annotation file as text."""
    kinds: Counter = Counter()
    counts: Counter = Counter()
    levels: Counter = Counter()
    subsets: Counter = Counter()
    for line in path.read_text(encoding='utf-8').splitlines():
        record = json.loads(line)
        kinds.update(change['type'] for change in record['changes'])
        counts[len(record['changes'])] += 1
        levels[record.get('nuisance')] += 1
        subsets.update(query['subset'] for query in record['queries'])
    rows = (('changes', kinds), ('changes per pair', counts), ('nuisance', levels), ('queries', subsets))
    return '\n'.join(
        f'{name:17s}' + ', '.join(f'{key}: {value}' for key, value in sorted(counter.items(), key=lambda x: str(x[0])))
        for name, counter in rows
    )


def main(argv: list[str] | None = None) -> None:
    """Generates the set."""
    args = parse_args(argv)
    changed = {'long_side': args.long_side, 'queries': args.queries}
    try:
        recipe = read_recipe(args.recipe, **{key: value for key, value in changed.items() if value is not None})
        check_same_run(recipe, args)
        target, shards = annotation_paths(args)
        bounds = [(first, min(first + args.shard, args.pairs)) for first in range(0, args.pairs, args.shard)]
        jobs = [(shards / f'{first:07d}-{end:07d}.jsonl', first, end) for first, end in bounds]
        missing = [job for job in jobs if not job[0].is_file()]
        done = args.pairs - sum(end - first for _, first, end in missing)
        with tqdm(total=args.pairs, initial=done, unit='pair', desc=recipe.name) as bar:
            for count in run_jobs(missing, recipe, args):
                bar.update(count)
    except DiffTrackerError as error:
        sys.exit(f'generate: {error}')
    atomic_write(target, ''.join(path.read_text(encoding='utf-8') for path, _, _ in jobs))
    print(f'{target}: {args.pairs} pairs')
    print(describe(target))


if __name__ == '__main__':
    main()
