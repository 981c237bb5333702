#!/usr/bin/env python
"""Fits a calibration of scores on validation predictions, and chooses the score threshold.

python tools/analysis/calibrate.py --out-dir outputs/calibration \\
    --set photo data/photo_val/annotations/val.jsonl outputs/photo/report.predictions.jsonl \\
    --set boards data/boards/annotations/val.jsonl outputs/boards/report.predictions.jsonl
python tools/publish.py CONFIG CHECKPOINT OUT.safetensors --calibration outputs/calibration/calibration.json

The predictions must be those of the uncalibrated model, with all boxes (as tools/test.py writes them).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from difftracker.datasets.annotations import read_annotations
from difftracker.errors import DiffTrackerError


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--set',
        dest='sets',
        action='append',
        nargs=3,
        required=True,
        metavar=('NAME', 'ANNOTATIONS', 'PREDICTIONS'),
        help='a validation set and the answers to it; repeat for more sets',
    )
    parser.add_argument('--out-dir', type=Path, required=True, help='folder for calibration.json and plots')
    parser.add_argument('--seed', type=int, default=0, help='deals the pairs into folds (default: 0)')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Writes the calibration; returns 1 on bad input."""
    args = parse_args(argv)
    from difftracker.analysis.calibration_folder import write_calibration
    from difftracker.analysis.system_run import SystemRun

    try:
        # A threshold plays no part: all that is read is the best box of each query.
        runs = [SystemRun.load(read_annotations(truth), name, path, 0.0) for name, truth, path in args.sets]
        path, item = write_calibration(runs, args.out_dir, args.seed)
    except (DiffTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f'temperature {item["temperature"]:.4f}, bias {item["bias"]:.4f}, threshold {item["score_threshold"]:.2f}')
    print(f'calibration: {path}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
