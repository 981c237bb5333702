"""Builds DiffGround-Open from COCO, the same to the byte wherever it is built.

    python tools/dataset/build_benchmark.py --coco-annotations instances_val2017.json --coco-images val2017 \
        --out data/diffground-open --workers 4

`--preset subset --split-by RULE` builds it from any COCO instances file. `--verify` checks a build against its
checksums. `--self-check` tells in seconds whether this machine makes the bytes of the release.
A build that was stopped goes on when called again with the same arguments.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from difftracker.benchmark.definition import PRESETS, BenchmarkDefinition, read_definition
from difftracker.benchmark.instance_file import InstanceFile
from difftracker.benchmark.manifest import MANIFEST_NAME, compare_manifests, read_manifest, verify_part
from difftracker.benchmark.part_builder import PartBuilder
from difftracker.benchmark.self_check import run_self_check
from difftracker.benchmark.set_builder import ShardProgress, build_set
from difftracker.benchmark.split_rule import PARTS, RULES
from difftracker.errors import ConfigError, DiffTrackerError

CONFIGS = Path(__file__).resolve().parents[2] / 'configs' / 'benchmark'


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, help='folder of the benchmark')
    parser.add_argument('--parts', nargs='+', choices=PARTS, help='default: every part that the file has pictures for')
    parser.add_argument('--coco-annotations', type=Path, help='COCO instances file')
    parser.add_argument('--coco-images', type=Path, help='folder of its pictures')
    parser.add_argument('--preset', choices=PRESETS, default='full', help='full: the official benchmark [full]')
    parser.add_argument('--split-by', choices=RULES, help='what tells train, val and test apart, with --preset subset')
    parser.add_argument('--pairs', nargs='+', metavar='SET=N', default=[], help='other sizes, with --preset subset')
    parser.add_argument('--workers', type=int, default=1)
    parser.add_argument(
        '--definition', type=Path, default=CONFIGS / 'diffground_open.json', help='another version of the benchmark'
    )
    parser.add_argument('--verify', action='store_true', help='check what is in --out and build nothing')
    parser.add_argument('--reference', type=Path, help="with --verify: somebody else's manifest of the same part")
    parser.add_argument('--self-check', action='store_true', help='compare a few made-up pairs; --out keeps them')
    args = parser.parse_args(argv)
    if args.self_check:
        return args
    if args.out is None:
        parser.error('expected --out')
    if args.reference is not None and (not args.verify or len(args.parts or ()) != 1):
        parser.error('--reference expects --verify and one part in --parts')
    if not args.verify:
        _check_build_args(parser, args)
    return args


def _check_build_args(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    if args.coco_annotations is None or args.coco_images is None:
        parser.error('expected --coco-annotations and --coco-images')
    if args.preset == 'full' and (args.split_by is not None or args.pairs):
        parser.error('--split-by and --pairs change the benchmark: they expect --preset subset')
    if args.preset == 'subset' and args.split_by is None:
        parser.error(
            '--preset subset expects --split-by: release (train2017 or val2017, by coco_url), field (the field split '
            'of each image) or hash (by image id; for files without splits of their own)'
        )
    if args.workers < 1:
        parser.error('expected --workers of at least 1')


def pair_counts(definition: BenchmarkDefinition, preset: str, part: str, changed: list[str]) -> dict[str, int]:
    """Returns the number of pairs of each set of a part.

    Args:
        definition: The benchmark.
        preset: Whose numbers to take.
        part: The part.
        changed: Other numbers, `SET=N`; a set with 0 pairs is left out.

    Raises:
        ConfigError: A set is unknown or a number is none.
    """
    counts = dict(definition.pairs[preset][part])
    for item in changed:
        name, _, number = item.partition('=')
        if name not in definition.seeds or not number.isdigit():
            raise ConfigError(f'--pairs: expected SET=N with a set of {", ".join(definition.seeds)}, found {item!r}')
        if part in definition.seeds[name]:
            counts[name] = int(number)
    counts = {name: number for name, number in counts.items() if number}
    if not counts:
        raise ConfigError(f'--pairs: expected at least one pair for the part {part}, found none')
    return counts


def bar(description: str, unit: str) -> Callable[[Any], Iterable[Any]]:
    """Returns what wraps a list with a progress bar."""
    return lambda items: tqdm(items, desc=description, unit=unit, disable=None, leave=False)


def shard_bar(description: str) -> ShardProgress:
    """Returns what shows the pairs that are done while a set is made."""

    def show(sizes: Iterable[int], total: int, done: int) -> Iterator[int]:
        with tqdm(total=total, initial=done, unit='pair', desc=description, disable=None) as progress:
            for size in sizes:
                progress.update(size)
                yield size

    return show


def build(args: argparse.Namespace) -> None:
    """Builds the parts that are asked for."""
    definition = read_definition(args.definition)
    instances = InstanceFile(args.coco_annotations, definition, args.split_by or 'release')
    if args.preset == 'full':
        instances.check_releases()
    for part in args.parts or [part for part in PARTS if instances.count(part)]:
        counts = pair_counts(definition, args.preset, part, args.pairs)
        builder = PartBuilder(
            instances, args.coco_images, args.out, part, args.preset, counts, bar(f'{part}: pictures', 'file')
        )
        for job in builder.jobs:
            if job.done:
                print(f'{job.folder}: made already')
                continue
            build_set(job, args.workers, shard_bar(f'{part}: {job.recipe.name}'))
        path = builder.finish()
        for name, entry in read_manifest(path)['sets'].items():
            print('{}: {pairs} pairs, {changes} changes, {queries} queries'.format(builder.folder / name, **entry))
        print(f'{path}: written')


def verify(args: argparse.Namespace) -> int:
    """Checks built parts; returns 0 when nothing is wrong, else 1."""
    parts = args.parts or [part for part in PARTS if (args.out / part / MANIFEST_NAME).is_file()]
    if not parts:
        raise ConfigError(f'{args.out}: expected a finished build, found no {MANIFEST_NAME} of any part')
    faults: list[str] = []
    for part in parts:
        found = verify_part(args.out / part, bar(part, 'file'))
        if args.reference is not None:
            found += compare_manifests(read_manifest(args.out / part / MANIFEST_NAME), read_manifest(args.reference))
        print(f'{args.out / part}: {"ok" if not found else f"{len(found)} differences"}')
        faults += found
    print(*faults, sep='\n', end='\n' if faults else '')
    return 1 if faults else 0


def self_check(out: Path | None) -> int:
    """Builds made-up pairs and compares them with those of the release; returns 0 when they are the same, else 1."""
    with tempfile.TemporaryDirectory() as folder:
        differences = run_self_check(out or folder, CONFIGS / 'diffground_open.json', CONFIGS / 'self_check.json')
    if differences:
        print('This machine makes other bytes than the one that the benchmark was released on:')
        print(*differences, sep='\n')
        return 1
    print('This machine makes the bytes that the benchmark was released with.')
    return 0


def main(argv: list[str] | None = None) -> int:
    """Builds, verifies or checks; returns the exit code."""
    args = parse_args(argv)
    try:
        if args.self_check:
            return self_check(args.out)
        if args.verify:
            return verify(args)
        build(args)
    except DiffTrackerError as error:
        print(f'build_benchmark: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
