"""Models that several tests look at."""

from __future__ import annotations

import pytest
import torch

from difftracker.apis.build import build_model
from tests.test_models.tiny import shake, tiny_config


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(scope='session')
def tiny_model():
    """A tiny detector in evaluation mode; nothing may change its weights."""
    torch.manual_seed(0)
    model = build_model(tiny_config())
    model.init_weights()
    shake(model.decoder)
    return model.eval()
