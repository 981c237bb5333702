#!/usr/bin/env python
"""Starts a detector with another backbone from a trained one.

python tools/warm_start.py configs/difftracker/difftracker-lite_cpu_regions.py work_dirs/regions/epoch_7.pth \\
    configs/difftracker/difftracker-small_cpu.py work_dirs/small_start.pth

The layers that read the backbone are fitted to training pairs of the target's config, all others are copied. Train the
result with `--cfg-options load_from=work_dirs/small_start.pth`.
"""

from __future__ import annotations

import argparse
import io
import sys
from itertools import islice
from pathlib import Path

import torch
from mmengine.config import Config


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', help='config of the trained detector (Python: use only files you trust)')
    parser.add_argument('weights', help='its checkpoint')
    parser.add_argument('target', help='config of the detector to start')
    parser.add_argument('out', type=Path, help='.pth to write')
    parser.add_argument('--batches', type=int, default=40, help='batches of training pairs (default: 40)')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Writes the checkpoint; returns 1 on bad input."""
    args = parse_args(argv)
    from mmengine.registry import DefaultScope
    from mmengine.runner import Runner

    import difftracker.register  # noqa: F401
    from difftracker.apis.build import build_model
    from difftracker.checkpoint import apply_weights, load_weights
    from difftracker.checkpoint.warm_start import WarmStart
    from difftracker.errors import DiffTrackerError
    from difftracker.utils.files import atomic_write

    try:
        config = Config.fromfile(args.target)
        source = build_model(Config.fromfile(args.source).model.to_dict())
        apply_weights(source, load_weights(args.weights)[0], args.weights)
        start = WarmStart(source, build_model(config.model.to_dict()))
        with DefaultScope.overwrite_default_scope('mmdet'):
            loader = Runner.build_dataloader(config.train_dataloader, seed=0)
        for name, share in start.fit(islice(loader, args.batches)).items():
            print(f'{name}: {100 * share:.1f} % of the variance')
        data = io.BytesIO()
        torch.save({'state_dict': start.target.state_dict(), 'meta': {}}, data)
        atomic_write(args.out, data.getvalue())
    except (DiffTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'weights: {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
