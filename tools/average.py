#!/usr/bin/env python
"""Averages the weights of runs that started from one another.

python tools/average.py work_dirs/small/epoch_5.pth work_dirs/small_choice/epoch_2.pth \\
    --out work_dirs/small_mean.safetensors

Stages of one training forget and learn different things; their mean often keeps both, and costs nothing at inference
("model soups", arXiv 2203.05482). Runs that share no start have no useful mean.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoints', nargs='+', type=Path, help='two or more .pth (of which the EMA) or .safetensors')
    parser.add_argument('--out', type=Path, required=True, help='.safetensors to write, for load_from or publish.py')
    args = parser.parse_args(argv)
    if len(args.checkpoints) < 2:
        parser.error('expected at least two checkpoints, found one')
    if len({path.resolve() for path in args.checkpoints}) < len(args.checkpoints):
        parser.error('expected each checkpoint once, found one twice')
    if args.out.suffix != '.safetensors':
        parser.error(f'--out: expected a name that ends with .safetensors, found {args.out}')
    return args


def main(argv: list[str] | None = None) -> int:
    """Writes the mean; returns 1 on bad input."""
    args = parse_args(argv)
    from difftracker.checkpoint import load_weights, save_weights
    from difftracker.checkpoint.weights_mean import mean_weights
    from difftracker.errors import DiffTrackerError

    try:
        found = {str(path): load_weights(path)[0] for path in args.checkpoints}
        print(f'weights: {save_weights(args.out, mean_weights(found), {})}')
    except (DiffTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
