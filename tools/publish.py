#!/usr/bin/env python
"""Turns a training checkpoint into a weights file that is complete in itself.

`python tools/publish.py CONFIG CHECKPOINT OUT.safetensors`: the averaged (EMA) weights, and in the metadata the
architecture, the test pipeline, the kinds and the score threshold as plain data.
"""

from __future__ import annotations

import argparse
import json

from mmengine.config import Config

LOADERS = ('LoadImagePair',)


def parse_args() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='the config that the checkpoint was trained with')
    parser.add_argument('checkpoint', help='.pth of tools/train.py')
    parser.add_argument('out', help='.safetensors to write')
    parser.add_argument('--score-threshold', type=float, help='default: the one of the config')
    parser.add_argument('--image-size', type=int, nargs=2, metavar=('W', 'H'), help='default: the one of the config')
    return parser.parse_args()


def main() -> None:
    """Writes the file."""
    args = parse_args()

    import difftracker.register  # noqa: F401
    from difftracker.apis.build import build_model
    from difftracker.checkpoint import apply_weights, load_weights, save_weights

    config = Config.fromfile(args.config)
    pipeline = [dict(step) for step in config.test_pipeline if step['type'] not in LOADERS]
    for step in pipeline:
        if step['type'] == 'PairResize' and args.image_size is not None:
            step['scale'] = tuple(args.image_size)
    description = {
        'model': config.model.to_dict(),
        'test_pipeline': pipeline,
        'kinds': list(config.kinds),
        'score_threshold': config.score_threshold if args.score_threshold is None else args.score_threshold,
    }
    # JSON turns tuples into lists; passing through it once shows now what a reader will get.
    description = json.loads(json.dumps(description))
    state_dict, _ = load_weights(args.checkpoint)
    model = build_model(description['model'])
    apply_weights(model, state_dict, args.checkpoint)
    # Half precision halves the file; the model computes in float32, and 11 bits of weight are below training noise.
    weights = {
        name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in model.state_dict().items()
    }
    path = save_weights(args.out, weights, {'config': description})
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    print(f'{path}: {path.stat().st_size / 1e6:.1f} MB, {millions:.2f} M parameters')


if __name__ == '__main__':
    main()
