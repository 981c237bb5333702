#!/usr/bin/env python
"""Scores a checkpoint: `python tools/test.py CONFIG CHECKPOINT`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from mmengine.config import Config, DictAction

from difftracker.apis.kinds_check import check_kinds
from difftracker.errors import AnnotationError, ConfigError, DiffTrackerError
from difftracker.utils.score_argument import is_score, score_argument


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file (Python: code that runs; use only files you trust)')
    parser.add_argument('checkpoint', help='.safetensors weights, or a .pth checkpoint of tools/train.py (its EMA)')
    parser.add_argument('--data-root', help='data root of the set to score; default: the one of the config')
    parser.add_argument('--ann-file', help='annotation file, relative to the data root; default: that of the config')
    parser.add_argument(
        '--out-dir', help='report.json, report.predictions.jsonl, pictures/; default: beside the checkpoint'
    )
    parser.add_argument(
        '--score-threshold',
        type=score_argument,
        metavar='S',
        help='boxes with at least this score, 0 to 1, are the decision; default: '
        'the one that calibrated weights carry, else that of the config',
    )
    parser.add_argument(
        '--pictures', type=int, default=12, help='how many of the best and of the worst answers to draw'
    )
    parser.add_argument('--blank-text', action='store_true', help='text-blind: every sentence becomes one constant')
    parser.add_argument('--blank-image', action='store_true', help='image-blind: both images become grey')
    parser.add_argument('--swap', action='store_true', help='exchange before and after; sentences stay')
    parser.add_argument(
        '--tell-names', action='store_true', help='tell the model the true names of what changed instead of its guesses'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='overrides, key=value')
    return parser.parse_args()


def configure(args: argparse.Namespace) -> Config:
    """Applies the command line to the config."""
    config = Config.fromfile(args.config)
    if args.cfg_options is not None:
        config.merge_from_dict(args.cfg_options)
    check_kinds(config)
    out_dir = Path(args.out_dir or Path(args.checkpoint).with_suffix('').as_posix() + '_test')
    config.work_dir = str(out_dir)
    config.visualizer = None
    for name, value in (('data_root', args.data_root), ('ann_file', args.ann_file)):
        if value is not None:
            config.test_dataloader.dataset[name] = value
            config.test_evaluator[name] = value
    if args.score_threshold is not None:
        config.test_evaluator.score_threshold = args.score_threshold
    config.test_evaluator.out_file = str(out_dir / 'report.json')
    if args.blank_text:  # a model that was trained without text stays so
        config.model.blank_text = True
    pipeline = config.test_dataloader.dataset.pipeline
    if args.blank_image:
        pipeline.insert(1, dict(type='BlankImages'))
    if args.swap:
        pipeline.insert(1, dict(type='SwapImages'))
        config.test_evaluator.swapped = True
    config.custom_hooks = []
    return config


def adopt_calibration(config: Config, stored: dict, score_threshold: float | None) -> None:
    """Takes the calibration that published weights carry, and the threshold that was chosen with it.

    Args:
        config: Changed in place.
        stored: The config in the metadata of the weights, empty for a training checkpoint.
        score_threshold: What the user asked for; goes before the stored one.

    Raises:
        ConfigError: There is a calibration, and no threshold from 0 to 1 with it.
    """
    calibration = stored.get('model', {}).get('calibration')
    if calibration is None:
        return
    config.model.calibration = calibration
    if score_threshold is None:
        threshold = stored.get('score_threshold')
        if not is_score(threshold):
            raise ConfigError(f'calibrated weights: expected a score_threshold from 0 to 1, found {threshold!r}')
        config.test_evaluator.score_threshold = threshold


def score(args: argparse.Namespace) -> None:
    """Runs the test and draws answers.

    Args:
        args: Arguments of the command line.

    Raises:
        DiffTrackerError: The weights or the annotations cannot be used.
        OSError: A file is missing or cannot be written.
    """
    config = configure(args)

    from mmengine.runner import Runner

    import difftracker.register  # noqa: F401
    from difftracker.analysis.name_oracle import NameOracle
    from difftracker.checkpoint import apply_weights, load_weights
    from difftracker.visualization.answer_gallery import draw_best_and_worst

    state_dict, metadata = load_weights(args.checkpoint)
    dataset = config.test_dataloader.dataset
    annotations = Path(dataset.data_root) / dataset.ann_file
    if not annotations.is_file():
        raise AnnotationError(
            annotations, 'expected an annotation file, found none; docs/training.md says how to make sets'
        )
    adopt_calibration(config, metadata.get('config', {}), args.score_threshold)
    runner = Runner.from_cfg(config)
    apply_weights(runner.model, state_dict, args.checkpoint)
    if args.tell_names:
        NameOracle(runner.model)
    runner.test()
    out_dir = Path(config.work_dir)
    if args.pictures:
        draw_best_and_worst(
            Path(dataset.data_root),
            annotations,
            out_dir / 'report.predictions.jsonl',
            out_dir / 'pictures',
            args.pictures,
            config.test_evaluator.score_threshold,
        )
    summary = json.loads((out_dir / 'report.json').read_text())['summary']
    print(json.dumps(summary, indent=2))
    print(f'report, predictions and pictures: {out_dir}')


def main() -> int:
    """Scores the checkpoint; returns 1 on bad input."""
    args = parse_args()
    try:
        score(args)
    except (DiffTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
