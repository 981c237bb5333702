"""Frames keep their order through the shared backbone."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule

from difftracker.errors import ConfigError
from difftracker.models.backbones import DifferentialBackbone
from difftracker.models.difference import Projection


class _Halves(BaseModule):
    """Two stages that average."""

    def forward(self, x):
        return F.avg_pool2d(x, 2), F.avg_pool2d(x, 4)


class _Minus(BaseModule):
    """Keeps its settings; marks each frame by what it lost."""

    def __init__(self, in_channels, out_channels, window=0):
        super().__init__()
        self.settings = (in_channels, out_channels, window)

    def forward(self, before, after):
        return 2 * before - after, 2 * after - before


def build(window=(3, 5), out_channels=(8, 9)):
    return DifferentialBackbone({'type': _Halves}, {'type': _Minus, 'window': window}, (3, 3), out_channels)


def test_before_frames_come_first():
    inputs = torch.randn(3, 2, 3, 8, 8)
    (first, second), own = build()(inputs)
    assert first.shape == (6, 3, 4, 4) and second.shape == (6, 3, 2, 2)
    for row in range(3):
        before, after = F.avg_pool2d(inputs[row], 2)
        torch.testing.assert_close(first[row], 2 * before - after)
        torch.testing.assert_close(first[3 + row], 2 * after - before)
        torch.testing.assert_close(own[0][[row, 3 + row]], torch.stack([before, after]))


def test_swapped_images_swap_the_halves():
    config = {'type': 'DifferenceEnhancement', 'window': (3, 1, 1, 1)}
    backbone = {'type': 'EfficientNetLite', 'pretrained': False}
    model = DifferentialBackbone(backbone, config, (24, 40, 112, 320), (8, 8, 8, 8)).eval()
    inputs = torch.randn(2, 2, 3, 32, 32)
    with torch.no_grad():
        for straight, swapped in zip(model(inputs)[0], model(inputs.flip(1))[0], strict=True):
            torch.testing.assert_close(straight.chunk(2)[0], swapped.chunk(2)[1], rtol=1e-3, atol=1e-3)
            torch.testing.assert_close(straight.chunk(2)[1], swapped.chunk(2)[0], rtol=1e-3, atol=1e-3)


def test_each_stage_gets_its_settings():
    assert [module.settings for module in build().difference] == [(3, 8, 3), (3, 9, 5)]


def test_each_stage_may_have_a_module_of_its_own():
    stages = [{'type': _Minus, 'window': 7}, {'type': 'Projection'}]
    first, second = DifferentialBackbone({'type': _Halves}, stages, (3, 3), (8, 16)).difference
    assert first.settings == (3, 8, 7)
    assert type(second) is Projection and second.fuse.out_channels == 16


def test_unequal_stages_are_refused():
    with pytest.raises(ConfigError, match='in_channels has 2 stages, out_channels 3'):
        build(out_channels=(8, 8, 8))
    with pytest.raises(ConfigError, match='in_channels has 2 stages, difference 1'):
        DifferentialBackbone({'type': _Halves}, [{'type': 'Projection'}], (3, 3), (8, 8))
