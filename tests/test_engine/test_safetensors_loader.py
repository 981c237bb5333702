"""A training starts from published weights."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import load_checkpoint
from torch import nn

from difftracker.apis.build import build_from_weights, build_model
from difftracker.errors import CheckpointError
from tests.test_apis.random_weights import CONFIG, random_weights


def test_published_weights_load_as_a_checkpoint(tmp_path):
    path = random_weights(tmp_path / 'start.safetensors')
    config = Config.fromfile(CONFIG).model
    config.backbone.backbone.pretrained = False
    torch.manual_seed(1)
    model = build_model(config)
    load_checkpoint(model, str(path), map_location='cpu', strict=True)
    expected = build_from_weights(path)[0].state_dict()
    assert [name for name, value in model.state_dict().items() if not torch.equal(value, expected[name])] == []


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / 'start.safetensors'
    path.write_bytes(b'no weights')
    with pytest.raises(CheckpointError, match='expected a whole safetensors file') as caught:
        load_checkpoint(nn.Linear(1, 1), str(path))
    assert str(path) in str(caught.value)
