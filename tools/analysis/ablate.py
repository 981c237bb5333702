#!/usr/bin/env python
"""Trains and scores ablations with several seeds, one after the other, and writes one table about them.

MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=1000000000000 python tools/analysis/ablate.py
python tools/analysis/ablate.py --configs configs/ablations/base.py configs/ablations/dem_*.py --seeds 0 1 2
python tools/analysis/ablate.py --table-only

Call it again after a stop: what is finished stays, a training goes on at its last checkpoint.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from difftracker.errors import ConfigError, DiffTrackerError, RunError

ROOT = Path(__file__).resolve().parents[2]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--configs',
        nargs='+',
        type=Path,
        default=sorted((ROOT / 'configs' / 'ablations').glob('*.py')),
        help='config files (Python: code that runs; use only files you trust); default: all of configs/ablations',
    )
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1], help='default: 0 1')
    parser.add_argument('--work-dir', type=Path, default=Path('outputs/ablations'), help='default: outputs/ablations')
    parser.add_argument('--base', default='base', help='the ablation that the others are compared with; default: base')
    parser.add_argument('--keep-checkpoints', action='store_true', help='keep them after a run is scored')
    parser.add_argument('--table-only', action='store_true', help='train nothing; write the table of what is there')
    args = parser.parse_args(argv)
    if min(args.seeds) < 0 or len(set(args.seeds)) < len(args.seeds):
        parser.error(f'--seeds: expected different numbers of at least 0, found {args.seeds}')
    return args


def run_tool(command: Sequence[str], log: Path) -> None:
    """Runs one of our tools in a process of its own.

    Args:
        command: Name in `tools/` and arguments.
        log: Takes what the tool writes, behind what is there.

    Raises:
        RunError: The tool failed.
    """
    with open(log, 'ab') as handle:
        command = [sys.executable, str(ROOT / 'tools' / command[0]), *command[1:]]
        code = subprocess.run(command, stdout=handle, stderr=subprocess.STDOUT, check=False).returncode
    if code:
        last = log.read_text(encoding='utf-8', errors='replace').strip().rpartition('\n')[2]
        raise RunError(f'{log}: expected {Path(command[1]).name} to end well, found exit code {code}: {last}')


def run_all(args: argparse.Namespace) -> list[str]:
    """Performs all runs, seed after seed; returns what failed."""
    from difftracker.analysis.ablation_run import AblationRun

    names = [path.stem for path in args.configs]
    if len(set(names)) < len(names):
        raise ConfigError(f'--configs: expected files of different names, found {", ".join(sorted(names))}')
    runs = [AblationRun.from_config(path, seed, args.work_dir) for seed in args.seeds for path in args.configs]
    failures = []
    for number, run in enumerate(runs, start=1):
        was_finished, begin = run.is_finished, time.monotonic()
        try:
            run.perform(run_tool)
        except (DiffTrackerError, OSError) as error:
            # The others of a long queue are worth having.
            failures.append(str(error))
            print(f'{number}/{len(runs)} {run.label}: {error}', file=sys.stderr)
            continue
        if not args.keep_checkpoints:
            run.drop_checkpoints()
        how = 'was finished' if was_finished else f'{(time.monotonic() - begin) / 60:.1f} min'
        print(f'{number}/{len(runs)} {run.label}: {how}', flush=True)
    return failures


def main(argv: list[str] | None = None) -> int:
    """Runs ablations and writes the table; returns 1 where a run failed or there is no table."""
    args = parse_args(argv)
    from difftracker.analysis.ablation_table import write_table

    try:
        failures = [] if args.table_only else run_all(args)
        print(f'table: {write_table(args.work_dir, args.base)}')
    except (DiffTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('interrupted; the same call goes on from here', file=sys.stderr)
        return 130
    return 1 if failures else 0


if __name__ == '__main__':
    # Raised where the tool waits for its child, an exit takes the child along; the default would leave it training.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
