"""Builds a ready detector from a weights file alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from difftracker.errors import CheckpointError
from difftracker.utils.score_argument import is_score

if TYPE_CHECKING:
    from torch import nn


def build_model(config: dict) -> nn.Module:
    """Builds a registered model with its initial weights, under mmdet's scope.

    Args:
        config: The `model` part of a config: plain data.
    """
    from mmengine.registry import DefaultScope

    import difftracker.register  # noqa: F401
    from difftracker.registry import MODELS

    with DefaultScope.overwrite_default_scope('mmdet'):
        return MODELS.build(config)


def build_from_weights(path: str | Path, device: str = 'cpu') -> tuple[nn.Module, dict]:
    """Builds the model that a weights file describes and loads the weights.

    The file's metadata hold the architecture as plain data: no config file, and no code, is read.

    Args:
        path: A `.safetensors` file written by `tools/publish.py`.
        device: Where the model goes.

    Returns:
        The model in evaluation mode, and its config with `model`, `test_pipeline`, `kinds` and `score_threshold`.

    Raises:
        CheckpointError: The file is damaged, holds no architecture or no score threshold from 0 to 1, or its weights
            do not fit.
    """
    from difftracker.checkpoint import apply_weights, load_weights

    state_dict, metadata = load_weights(path)
    config = metadata.get('config')
    if not isinstance(config, dict) or 'model' not in config:
        raise CheckpointError(path, 'expected weights that carry their config (tools/publish.py), found none inside')
    threshold = config.get('score_threshold')
    if not is_score(threshold):
        raise CheckpointError(path, f'expected a score_threshold from 0 to 1, found {threshold!r}')
    model = build_model(_without_downloads(config['model']))
    apply_weights(model, state_dict, path)
    return model.to(device).eval(), config


def _without_downloads(config: dict) -> dict:
    """Switches the backbone's own pretrained weights off: the file brings them."""
    backbone = dict(config['backbone'])
    if 'pretrained' in backbone.get('backbone', {}):
        backbone['backbone'] = {**backbone['backbone'], 'pretrained': False}
    return {**config, 'backbone': backbone}
