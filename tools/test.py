#!/usr/bin/env python
"""Scores a checkpoint: `python tools/test.py CONFIG CHECKPOINT`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from mmengine.config import Config, DictAction


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file (Python: code that runs; use only files you trust)')
    parser.add_argument('checkpoint', help='.safetensors weights, or a .pth checkpoint of tools/train.py (its EMA)')
    parser.add_argument('--data-root', help='data root of the set to score; default: the one of the config')
    parser.add_argument('--ann-file', help='annotation file, relative to the data root; default: that of the config')
    parser.add_argument('--out-dir', help='report.json, predictions.jsonl, pictures/; default: beside the checkpoint')
    parser.add_argument('--score-threshold', type=float, help='boxes with at least this score are the decision')
    parser.add_argument(
        '--pictures', type=int, default=12, help='how many of the best and of the worst answers to draw'
    )
    parser.add_argument('--blank-text', action='store_true', help='text-blind: every sentence becomes one constant')
    parser.add_argument('--blank-image', action='store_true', help='image-blind: both images become grey')
    parser.add_argument('--swap', action='store_true', help='exchange before and after; sentences stay')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, help='overrides, key=value')
    return parser.parse_args()


def configure(args: argparse.Namespace) -> Config:
    """Applies the command line to the config."""
    config = Config.fromfile(args.config)
    if args.cfg_options is not None:
        config.merge_from_dict(args.cfg_options)
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
    config.custom_hooks = []
    return config


def main() -> None:
    """Runs the test and draws answers."""
    args = parse_args()
    config = configure(args)

    from mmengine.runner import Runner

    import difftracker.register  # noqa: F401
    from difftracker.checkpoint import apply_weights, load_weights
    from difftracker.visualization.answer_gallery import draw_best_and_worst

    runner = Runner.from_cfg(config)
    state_dict, _ = load_weights(args.checkpoint)
    apply_weights(runner.model, state_dict, args.checkpoint)
    runner.test()
    out_dir = Path(config.work_dir)
    dataset = config.test_dataloader.dataset
    if args.pictures:
        draw_best_and_worst(
            Path(dataset.data_root),
            Path(dataset.data_root) / dataset.ann_file,
            out_dir / 'report.predictions.jsonl',
            out_dir / 'pictures',
            args.pictures,
            config.test_evaluator.score_threshold,
        )
    summary = json.loads((out_dir / 'report.json').read_text())['summary']
    print(json.dumps(summary, indent=2))
    print(f'report, predictions and pictures: {out_dir}')


if __name__ == '__main__':
    main()
