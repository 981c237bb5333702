#!/usr/bin/env python
"""Turns a training checkpoint into a weights file that is complete in itself.

`python tools/publish.py CONFIG CHECKPOINT OUT.safetensors`: the averaged (EMA) weights, and in the metadata the
architecture, the test pipeline, the kinds, the score threshold and the calibration of scores as plain data.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mmengine.config import Config

from difftracker.errors import CheckpointError, ConfigError, DiffTrackerError
from difftracker.utils.files import parse_json_object
from difftracker.utils.score_argument import score_argument

LOADERS = ('LoadImagePair',)


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='the config that the checkpoint was trained with')
    parser.add_argument('checkpoint', help='.pth of tools/train.py')
    parser.add_argument('out', help='.safetensors to write')
    parser.add_argument('--calibration', type=Path, help='calibration.json of tools/analysis/calibrate.py')
    parser.add_argument(
        '--score-threshold',
        type=score_argument,
        metavar='S',
        help='0 to 1; default: the one of the calibration, without it that of the config',
    )
    parser.add_argument('--image-size', type=int, nargs=2, metavar=('W', 'H'), help='default: the one of the config')
    return parser.parse_args()


def read_calibration(path: Path) -> dict[str, float]:
    """Reads `temperature`, `bias` and `score_threshold` of a calibration file.

    Raises:
        ConfigError: One of them is missing or no such number.
        AnnotationError: The file is not JSON.
        OSError: There is no such file.
    """
    from difftracker.structures.score_calibration import ScoreCalibration

    item = parse_json_object(path.read_bytes(), path)
    numbers = {name: _number(item, name, path) for name in ('temperature', 'bias', 'score_threshold')}
    try:
        ScoreCalibration(numbers['temperature'], numbers['bias'])
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}') from error
    if not 0 <= numbers['score_threshold'] <= 1:
        raise ConfigError(f'{path}: expected a score_threshold from 0 to 1, found {numbers["score_threshold"]}')
    return numbers


def _number(item: dict[str, Any], name: str, path: Path) -> float:
    value = item.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ConfigError(f'{path}: expected a number as {name}, found {value!r}')
    return float(value)


def publish(args: argparse.Namespace) -> None:
    """Writes the file.

    Args:
        args: Arguments of the command line.

    Raises:
        DiffTrackerError: The checkpoint or the calibration cannot be used.
        OSError: A file is missing or cannot be written.
    """
    import difftracker.register  # noqa: F401
    from difftracker.apis.build import build_model
    from difftracker.checkpoint import apply_weights, load_weights, save_weights

    config = Config.fromfile(args.config)
    calibration = None if args.calibration is None else read_calibration(args.calibration)
    threshold = config.score_threshold if calibration is None else calibration['score_threshold']
    pipeline = [dict(step) for step in config.test_pipeline if step['type'] not in LOADERS]
    for step in pipeline:
        if step['type'] == 'PairResize' and args.image_size is not None:
            step['scale'] = tuple(args.image_size)
    description = {
        'model': config.model.to_dict(),
        'test_pipeline': pipeline,
        'kinds': list(config.kinds),
        'score_threshold': threshold if args.score_threshold is None else args.score_threshold,
    }
    if calibration is not None:
        description['model']['calibration'] = {name: calibration[name] for name in ('temperature', 'bias')}
    # JSON turns tuples into lists; passing through it once shows now what a reader will get.
    description = json.loads(json.dumps(description))
    state_dict, metadata = load_weights(args.checkpoint)
    # Fitted to answers of calibrated weights, a second calibration would say that there is nothing to calibrate.
    if metadata.get('config', {}).get('model', {}).get('calibration') is not None:
        raise CheckpointError(args.checkpoint, 'expected weights without calibration, found some that have one')
    model = build_model(description['model'])
    apply_weights(model, state_dict, args.checkpoint)
    # The file brings a trained encoder's weights, so whoever loads it need not have what the training started from.
    description['model']['text_encoder'].update(model.text_encoder.without_source())
    # Half precision halves the file; the model computes in float32, and 11 bits of weight are below training noise.
    weights = {
        name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in model.state_dict().items()
    }
    path = save_weights(args.out, weights, {'config': description})
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB, {millions:.2f} M parameters')


def main() -> int:
    """Publishes the checkpoint; returns 1 on bad input."""
    args = parse_args()
    try:
        publish(args)
    except (DiffTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
