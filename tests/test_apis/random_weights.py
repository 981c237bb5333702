"""A weights file of the real `difftracker-lite` architecture with random values, where a test needs no skill."""

from __future__ import annotations

from pathlib import Path

import torch
from mmengine.config import Config

from difftracker.apis.build import build_model
from difftracker.checkpoint import save_weights

CONFIG = Path(__file__).parents[2] / 'configs' / '_base_' / 'models' / 'difftracker_lite.py'
SIZE = 64


def random_weights(path: Path, score_threshold: float = 0.0, **changed: dict) -> Path:
    """Writes the file.

    Args:
        path: Ends with `.safetensors`.
        score_threshold: With 0 every candidate is part of the answer, so that its boxes can be looked at.
        changed: Keys of parts of the model's config with what they get in addition.
    """
    config = Config.fromfile(CONFIG)
    model = config.model.to_dict()
    model['backbone']['backbone']['pretrained'] = False
    for part, settings in changed.items():
        model[part].update(settings)
    torch.manual_seed(0)
    stored = {
        'model': model,
        'kinds': list(config.change_kinds),
        'score_threshold': score_threshold,
        'test_pipeline': [
            {'type': 'FindDifferingRegions'},
            {'type': 'PairResize', 'scale': [SIZE, SIZE]},
            {'type': 'PackPairInputs'},
        ],
    }
    return save_weights(path, build_model(model).state_dict(), {'config': stored})
