"""Config models with random weights, so that no test needs a hub."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import ConfigDict

CONFIGS = Path(__file__).parents[2] / 'configs'


def with_random_weights(model: ConfigDict, text_layers: int = 1) -> ConfigDict:
    """Takes every pretrained weight out of a model config.

    The text encoder keeps the width of its own model and has `text_layers` layers: its depth is no matter of ours.
    """
    backbone = model.backbone.backbone
    if 'pretrained' in backbone:
        backbone.pretrained = False
    else:
        backbone.init_cfg = None
    width = 384 if model.text_encoder.name == 'minilm' else 768
    model.text_encoder.update(
        pretrained=False,
        architecture={
            'hidden_size': width,
            'num_hidden_layers': text_layers,
            'num_attention_heads': 12,
            'intermediate_size': 4 * width,
        },
    )
    return model
