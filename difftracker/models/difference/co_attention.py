"""Co-attention of "The Change You Want to See" behind the interface of the difference modules."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.registry import MODELS

from .map_tokens import reduce_grid, to_map, to_tokens


@MODELS.register_module()
class CoAttention(BaseModule):
    """The co-attention of "The Change You Want to See" (CYWS, arXiv 2209.14341, WACV 2023).

    Published: with `Q = W_q F_own` and `K = W_k F_other`, an eighth of the stage wide, and `V` the raw features of the
    other image, `A = softmax(Q K^T) V` reads the other image anywhere, without scaling and without positions; the
    module puts out `[F_own || A]`. The weights are shared by both images.

    Our choice: `GELU(GroupNorm(W [F_own || A]))` brings the concatenation to `out_channels`, where CYWS hands it to a
    U-Net decoder. CYWS attends at its three deepest levels only. Here every stage has a module, so where a map has more
    than `grid` cells per side, the other image is average-pooled to `grid` cells per side before it gives keys and
    values; the cells that ask stay at full resolution.

    Args:
        in_channels: Channels of the backbone stage.
        out_channels: Channels of the output, a multiple of 8.
        grid: Largest number of cells per side of the other image that are read.
    """

    def __init__(self, in_channels: int, out_channels: int, grid: int = 16) -> None:
        super().__init__()
        self.grid = grid
        width = max(in_channels // 8, 8)
        self.query = nn.Conv2d(in_channels, width, 1)
        self.key = nn.Conv2d(in_channels, width, 1)
        self.fuse = nn.Conv2d(2 * in_channels, out_channels, 1)
        self.norm = nn.GroupNorm(8, out_channels)

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Computes difference features for both images.

        Args:
            before, after: `(B, C_in, H, W)` stage features.

        Returns:
            Difference features in the before frame and in the after frame, each `(B, C_out, H, W)`.
        """
        own = torch.cat([before, after])
        other = reduce_grid(torch.cat([after, before]), self.grid)
        query, key, value = to_tokens(self.query(own)), to_tokens(self.key(other)), to_tokens(other)
        attended = F.scaled_dot_product_attention(query, key, value.to(query.dtype), scale=1.0)
        out = F.gelu(self.norm(self.fuse(torch.cat([own, to_map(attended, own).to(own.dtype)], dim=1))))
        return out.chunk(2)
