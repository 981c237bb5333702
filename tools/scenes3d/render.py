"""Draws and renders pairs of 3D scenes; needs Blender's Python module, see requirements.txt beside this file.

    python tools/scenes3d/render.py --objects OBJECTS --out data/diffground-open-3d --split train --pairs 200 --seed 1

Writes `scenes/SPLIT/PAIR.json` (the description: all that a renderer needs), `masks/SPLIT/PAIR.npz` and
`images/SPLIT/PAIR_a.jpg`, `PAIR_b.jpg`. A pair that is there is not made again, so that a stopped run goes on when
called again. Then call tools/scenes3d/annotate.py in the environment of the toolkit.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterable
from functools import lru_cache, partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from difftracker.errors import DiffTrackerError
from tools.scenes3d.pair_files import PairFiles, check_same_run

_worker = None


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--objects', type=Path, required=True, help='folder with kaykit/ and clevr/')
    parser.add_argument('--out', type=Path, required=True, help='folder of the set')
    parser.add_argument('--split', choices=('train', 'val', 'test'), required=True)
    parser.add_argument('--pairs', type=int, required=True, help='number of pairs')
    parser.add_argument('--seed', type=int, required=True, help='seed of this split; give each split its own')
    parser.add_argument('--size', type=int, nargs=2, default=(384, 288), metavar=('W', 'H'), help='of the images in px')
    parser.add_argument('--samples', type=int, default=16, help='samples per pixel at most')
    parser.add_argument('--workers', type=int, default=1, help='processes')
    parser.add_argument('--threads', type=int, default=1, help='threads of each process, 0 for all')
    parser.add_argument('--cpu', action='store_true', help='use no GPU even where there is one')
    parser.add_argument('--layouts', nargs='+', help='only these kinds of scenes')
    parser.add_argument('--describe-only', action='store_true', help='write descriptions and masks, render nothing')
    args = parser.parse_args(argv)
    if min(args.pairs, args.workers, args.samples, *args.size) < 1 or min(args.seed, args.threads) < 0:
        parser.error('expected --seed and --threads of at least 0 and the other numbers of at least 1')
    return args


class Worker:
    """Makes pairs in one process.

    Args:
        args: The command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        # Blender's module takes seconds to load and is not there in every environment that asks for --help.
        try:
            from tools.scenes3d.blender_stage import BlenderStage, read_blend
        except ModuleNotFoundError as error:
            raise DiffTrackerError(
                f'expected the module {error.name}, found none; install tools/scenes3d/requirements.txt in an '
                'environment of its own (Python 3.11)'
            ) from error
        from tools.scenes3d.catalogue import Catalogue
        from tools.scenes3d.mixture import Mixture
        from tools.scenes3d.pair_drawer import PairDrawer

        mixture = Mixture(layouts=dict.fromkeys(args.layouts, 1.0)) if args.layouts else Mixture()
        self.catalogue = Catalogue(args.objects, args.split, read_blend)
        self.drawer = PairDrawer(self.catalogue, mixture, tuple(args.size))
        self.stage = None
        if not args.describe_only:
            self.stage = BlenderStage(self.catalogue, args.samples, args.threads, not args.cpu)
        self.args = args

    def make(self, index: int) -> float:
        """Makes what is missing of a pair; returns the seconds that it took."""
        start = time.monotonic()
        files = PairFiles(self.args.out, self.args.split, self.args.seed, index)
        if not files.described:
            files.write_description(self.drawer.draw(files.pair_id, self.args.seed, index), self.catalogue)
        if self.stage is not None:
            pair = files.read_description()
            for shot, path in zip((pair.before, pair.after), files.images, strict=True):
                if not path.is_file():
                    self.stage.render(pair, shot, path)
        return time.monotonic() - start


def _start(args: argparse.Namespace) -> None:
    # Built with the first pair: a pool would start a worker that fails here again and again.
    global _worker
    _worker = lru_cache(maxsize=1)(partial(Worker, args))


def _make(index: int) -> tuple[int, float]:
    return index, _worker().make(index)


def run(args: argparse.Namespace) -> None:
    """Makes all pairs that are not there yet."""
    check_same_run(args.out, args.split, args.seed, tuple(args.size), args.layouts)
    todo = [
        index
        for index in range(args.pairs)
        if not PairFiles(args.out, args.split, args.seed, index).complete(not args.describe_only)
    ]
    print(f'{args.pairs - len(todo)} of {args.pairs} pairs are there', flush=True)
    if not todo:
        return
    if args.workers == 1:
        _start(args)
        results = map(_make, todo)
        _report(results, len(todo))
        return
    # Blender's module must not be loaded here: it puts a folder on the search path that, handed on to the workers,
    # hides the module itself.
    with multiprocessing.get_context('spawn').Pool(args.workers, _start, (args,)) as pool:
        _report(pool.imap_unordered(_make, todo), len(todo))


def _report(results: Iterable[tuple[int, float]], count: int) -> None:
    for done, (index, seconds) in enumerate(results, 1):
        print(f'pair {index} in {seconds:.1f} s, {done} of {count}', flush=True)


def main(argv: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    args = parse_args(argv)
    try:
        run(args)
    except DiffTrackerError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
