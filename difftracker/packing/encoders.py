"""Pretrained encoders for a machine that has not got their packages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors.torch import load, save

from difftracker.errors import ConfigError
from difftracker.models.text.text_encoder import minilm_folder
from difftracker.registry import MODELS

if TYPE_CHECKING:
    from mmengine.config import Config

TEXT = 'encoders/text'
BACKBONE = 'encoders/backbone.safetensors'
TOKENIZER_FILES = ('tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'vocab.txt')


def encoder_files(config: Config) -> dict[str, bytes]:
    """Returns the weights that a config takes from packages, in half precision, by name in the pack.

    Args:
        config: Its text encoder must be `minilm`, its backbone one with `pretrained=True`.

    Raises:
        ConfigError: The config takes its encoders from elsewhere.
    """
    text, backbone = config.model.text_encoder, config.model.backbone.backbone
    if text.name != 'minilm' or not backbone.get('pretrained'):
        raise ConfigError(
            'pack: expected a config with text encoder minilm and a backbone with pretrained=True, '
            f'found {text.name} and {backbone.type}'
        )
    folder = minilm_folder()
    files = {f'{TEXT}/{name}': (folder / name).read_bytes() for name in TOKENIZER_FILES}
    # Without the type, transformers would compute in that of the file.
    settings = {**json.loads((folder / 'config.json').read_text(encoding='utf-8')), 'dtype': 'float32'}
    settings.pop('torch_dtype', None)
    files[f'{TEXT}/config.json'] = json.dumps(settings, indent=2).encode()
    weights = load((folder / 'model.safetensors').read_bytes())
    files[f'{TEXT}/model.safetensors'] = _half(weights)
    files[BACKBONE] = _half(MODELS.build(backbone).state_dict())
    return files


def use_packed_encoders(config: Config, folder: Path) -> dict:
    """Points a config to the encoders of an unpacked pack instead of to packages.

    Args:
        config: Changed in place.
        folder: Where the pack lies.

    Returns:
        The backbone's weights under their names in the detector, to start from.
    """
    config.model.text_encoder.name = str(folder / TEXT)
    config.model.backbone.backbone.pretrained = False
    weights = load((folder / BACKBONE).read_bytes())
    return {f'backbone.backbone.{name}': tensor.float() for name, tensor in weights.items()}


def _half(weights: dict) -> bytes:
    return save(
        {
            name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
            for name, tensor in weights.items()
        },
        metadata={'format': 'pt'},
    )
