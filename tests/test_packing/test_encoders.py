"""Pretrained encoders out of a pack do what those of the packages do."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from difftracker.apis.build import build_model
from difftracker.errors import ConfigError
from difftracker.models.text import TextEncoder
from difftracker.packing.encoders import encoder_files, use_packed_encoders
from tests.test_models.tiny import tiny_config

TEXTS = ['which cup has gone?', 'Find everything that differs between the two pictures.']


def config():
    settings = tiny_config()
    settings['backbone']['backbone']['pretrained'] = True
    settings['text_encoder'] = {'type': 'TextEncoder', 'name': 'minilm', 'out_channels': 64}
    return Config({'model': settings})


def test_the_same_features(tmp_path):
    original, packed = config(), config()
    for name, content in encoder_files(original).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    weights = use_packed_encoders(packed, tmp_path)
    here, there = build_model(original.model), build_model(packed.model)
    own = here.state_dict()
    assert set(weights) == {name for name in own if name.startswith('backbone.backbone.')}
    for name, tensor in weights.items():
        torch.testing.assert_close(tensor, own[name], rtol=1e-3, atol=1e-4)
    assert not torch.equal(there.state_dict()['backbone.backbone.stem.weight'], own['backbone.backbone.stem.weight'])
    there.load_state_dict(weights, strict=False)
    features = [_tokens(model.text_encoder) for model in (here, there)]
    assert {tokens.dtype for tokens, _ in features} == {torch.float32}
    assert torch.equal(features[0][1], features[1][1])
    torch.testing.assert_close(features[1][0], features[0][0], rtol=0.02, atol=0.02)


def _tokens(encoder: TextEncoder):
    with torch.no_grad():
        return encoder._encode(TEXTS)


def test_other_encoders_are_refused():
    other = config()
    other.model.text_encoder.name = 'bert-base-uncased'
    with pytest.raises(ConfigError, match='found bert-base-uncased and EfficientNetLite'):
        encoder_files(other)
