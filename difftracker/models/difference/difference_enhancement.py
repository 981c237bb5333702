"""Difference Enhancement Module: stress what differs between two images, damp what both share."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.errors import ConfigError
from difftracker.registry import MODELS

from .local_matching import LocalMatching


@MODELS.register_module()
class DifferenceEnhancement(BaseModule):
    """The DEM of DiffTracker (arXiv 2504.01952), with formulas of our own: the paper's are not public.

    For each place of one image, local cross-image attention (`LocalMatching`) reads what the other image shows there
    and near it, so that a small camera shift is not a change. With `v` the own values, `m` the matched values of the
    other image and `s` the match's similarity, the residual is `r = v - m`, and

    - *enhancement*: `e = GELU(Conv([r, |r|]))`,
    - *common suppression*: `g = floor + (1 - floor) * sigmoid(Conv([|r|, s]))`, the own values become `g * v`; the
      learned floor keeps some of the unchanged surroundings, which sentences refer to ("next to the dog").

    The output is `Norm(W [g * v, e])`. Both images pass through the same weights with the roles exchanged.

    Args:
        in_channels: Channels of the backbone stage.
        out_channels: Channels of the output.
        window: Side of the square search window in cells, odd; 1 compares the same place only.
        enhancement: Feed the enhanced residual forward.
        suppression: Damp what both images share.
    """

    def __init__(
        self, in_channels: int, out_channels: int, window: int = 5, enhancement: bool = True, suppression: bool = True
    ) -> None:
        super().__init__()
        if not (window > 0 and window % 2):
            raise ConfigError(f'DifferenceEnhancement.window: expected an odd positive number, found {window}')
        self.value = nn.Conv2d(in_channels, out_channels, 1)
        self.matching = LocalMatching(in_channels, window)
        self.enhance = None
        if enhancement:
            self.enhance = nn.Sequential(
                nn.Conv2d(2 * out_channels, out_channels, 1),
                nn.Conv2d(out_channels, out_channels, 3, padding=1, groups=out_channels),
                nn.GELU(),
            )
        self.gate = nn.Conv2d(out_channels + 1, out_channels, 1) if suppression else None
        self.floor = nn.Parameter(torch.full((1, out_channels, 1, 1), -1.0)) if suppression else None
        self.fuse = nn.Conv2d(out_channels * (2 if enhancement else 1), out_channels, 1)
        self.norm = nn.GroupNorm(8, out_channels)

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Computes difference features for both images.

        Args:
            before, after: `(B, C_in, H, W)` stage features.

        Returns:
            Difference features in the before frame and in the after frame, each `(B, C_out, H, W)`.
        """
        own = torch.cat([before, after])
        value = self.value(own)
        other_value = torch.cat(value.chunk(2)[::-1])
        other = torch.cat([after, before])
        matched, similarity = self.matching(own, other, other_value)
        residual = value - matched
        magnitude = residual.abs()
        parts = []
        if self.gate is not None:
            floor = self.floor.sigmoid()
            gate = self.gate(torch.cat([magnitude, similarity.to(magnitude.dtype)], dim=1)).sigmoid()
            value = (floor + (1 - floor) * gate) * value
        parts.append(value)
        if self.enhance is not None:
            parts.append(self.enhance(torch.cat([residual, magnitude], dim=1)))
        out = F.gelu(self.norm(self.fuse(torch.cat(parts, dim=1))))
        return out.chunk(2)
