"""Plain subtraction, the baseline of every difference module."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.registry import MODELS


@MODELS.register_module()
class Subtraction(BaseModule):
    """Projects both images and subtracts place by place: `GELU(Norm(W [v, v - v_other]))`.

    Args:
        in_channels: Channels of the backbone stage.
        out_channels: Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.value = nn.Conv2d(in_channels, out_channels, 1)
        self.fuse = nn.Conv2d(2 * out_channels, out_channels, 1)
        self.norm = nn.GroupNorm(8, out_channels)

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Maps two `(B, C_in, H, W)` maps to two `(B, C_out, H, W)` difference maps."""
        value = self.value(torch.cat([before, after]))
        residual = value - torch.cat(value.chunk(2)[::-1])
        out = F.gelu(self.norm(self.fuse(torch.cat([value, residual], dim=1))))
        return out.chunk(2)
