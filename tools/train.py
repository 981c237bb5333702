#!/usr/bin/env python
"""Trains a model: `python tools/train.py CONFIG`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mmengine.config import Config, DictAction

from difftracker.apis.kinds_check import check_kinds
from difftracker.engine.config_seed import set_seed
from difftracker.errors import DiffTrackerError


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file (Python: code that runs; use only files you trust)')
    parser.add_argument('--work-dir', help='logs and checkpoints; default: work_dirs/<config name>')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='continue the latest checkpoint of the work dir, if there is one, or the given .pth',
    )
    parser.add_argument('--seed', type=int, help='seed of all that is drawn; default: those of the config')
    parser.add_argument('--amp', action='store_true', help='bfloat16 mixed precision, on CPU and GPU')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='overrides, key=value')
    parser.add_argument('--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none')
    args = parser.parse_args()
    if args.resume is not None and args.resume.endswith('.safetensors'):
        parser.error(
            f'--resume: expected a .pth checkpoint, found {args.resume}, weights without a state of training; '
            f'to start from them: --cfg-options load_from={args.resume}'
        )
    return args


def train(args: argparse.Namespace) -> None:
    """Runs training.

    Args:
        args: Arguments of the command line.

    Raises:
        DiffTrackerError: The annotations or the weights cannot be used, or the training came to a bad end.
        OSError: A file is missing or cannot be written.
    """
    config = Config.fromfile(args.config)
    if args.cfg_options is not None:
        config.merge_from_dict(args.cfg_options)
    config.launcher = args.launcher
    config.work_dir = args.work_dir or config.get('work_dir') or str(Path('work_dirs') / Path(args.config).stem)
    if args.amp:
        config.optim_wrapper.type = 'Bf16OptimWrapper'
    check_kinds(config)
    if args.seed is not None:
        set_seed(config, args.seed)

    from mmengine.runner import Runner, find_latest_checkpoint

    # A run that has no checkpoint yet starts as it would have without the option, from `load_from` where one is given.
    if args.resume == 'auto' and find_latest_checkpoint(config.work_dir) is not None:
        config.resume, config.load_from = True, None
    elif args.resume not in (None, 'auto'):
        config.resume, config.load_from = True, args.resume

    import difftracker.register  # noqa: F401  (before the runner looks anything up)
    from difftracker.engine.cpu_launch import join_processes_on_cpu

    join_processes_on_cpu(config)
    Runner.from_cfg(config).train()


def main() -> int:
    """Trains; returns 1 on bad input."""
    args = parse_args()
    try:
        train(args)
    except (DiffTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
