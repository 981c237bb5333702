"""No comparison at all: what a stage without a difference module hands on."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.registry import MODELS


@MODELS.register_module()
class Projection(BaseModule):
    """Projects each image on its own, without a look at the other: `GELU(Norm(W v))`, `v` being a projection too.

    What is left of `DifferenceEnhancement` without enhancement and suppression, and of `Subtraction` without the
    difference: same depth, same normalisation. It stands at the stages that carry no difference module.

    Args:
        in_channels: Channels of the backbone stage.
        out_channels: Channels of the output, a multiple of 8.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.value = nn.Conv2d(in_channels, out_channels, 1)
        self.fuse = nn.Conv2d(out_channels, out_channels, 1)
        self.norm = nn.GroupNorm(8, out_channels)

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Maps two `(B, C_in, H, W)` maps to two `(B, C_out, H, W)` maps, each its own."""
        return F.gelu(self.norm(self.fuse(self.value(torch.cat([before, after]))))).chunk(2)
