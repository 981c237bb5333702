"""Multi-scale Differential Perception of M3Diff behind the interface of the difference modules."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.registry import MODELS

from .map_tokens import reduce_grid, sine_position, to_map, to_tokens


@MODELS.register_module()
class MultiScaleDifferentialPerception(BaseModule):
    """The MDP of M3Diff (arXiv 2503.11093): gate, subtract, attend over the difference, fuse it back.

    Published, for the features `F_1, F_2` of one encoder layer:

    - `lambda_k = sigmoid(W_m [F_1 || F_2])`, `F^_k = lambda_k * F_k`,
    - `Delta = W_p [F^_1 || F^_2 || F^_1 - F^_2]`, which goes through self-attention,
    - `F~_k = F^_k` fused with the difference by cross-attention.

    Our reading keeps the two images interchangeable: in the formulas of image `k`, `F_k` stands first, so that each
    image has its own `Delta_k` with the same weights. Our choice, since not public: a projection of the stage to
    `out_channels` before the gate, pre-norm attention with residual connections, sine positions, and heads.

    Attention among all cells of a stride-4 map is too dear. Where a map has more than `grid` cells per side,
    `Delta_k` is average-pooled to `grid` cells per side for its self-attention and as the memory of the
    cross-attention; the cells that read it stay at full resolution. Pooling blurs places, so the unpooled `Delta_k`
    goes to the output too (our choice): `GELU(GroupNorm(W [F~_k, Delta_k]))`.

    M3Diff's last step, a weighted sum over encoder layers of one resolution, has no place here: the stages of a
    pyramid differ in resolution, and the neck merges them.

    Args:
        in_channels: Channels of the backbone stage.
        out_channels: Channels of the output, a multiple of 8; above 32, a multiple of its number of heads
            `out_channels // 32`.
        grid: Largest number of cells per side among which the difference attends.
    """

    def __init__(self, in_channels: int, out_channels: int, grid: int = 16) -> None:
        super().__init__()
        self.grid = grid
        num_heads = max(out_channels // 32, 1)
        self.value = nn.Conv2d(in_channels, out_channels, 1)
        self.gate = nn.Conv2d(2 * out_channels, out_channels, 1)
        self.delta = nn.Conv2d(3 * out_channels, out_channels, 1)
        self.delta_norm = nn.LayerNorm(out_channels)
        self.self_attention = nn.MultiheadAttention(out_channels, num_heads, batch_first=True)
        self.query_norm = nn.LayerNorm(out_channels)
        self.memory_norm = nn.LayerNorm(out_channels)
        self.cross_attention = nn.MultiheadAttention(out_channels, num_heads, batch_first=True)
        self.fuse = nn.Conv2d(2 * out_channels, out_channels, 1)
        self.norm = nn.GroupNorm(8, out_channels)

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        """Computes difference features for both images.

        Args:
            before, after: `(B, C_in, H, W)` stage features.

        Returns:
            Difference features in the before frame and in the after frame, each `(B, C_out, H, W)`.
        """
        value = self.value(torch.cat([before, after]))
        other_value = torch.cat(value.chunk(2)[::-1])
        own = self.gate(torch.cat([value, other_value], dim=1)).sigmoid() * value
        other = torch.cat(own.chunk(2)[::-1])
        delta = self.delta(torch.cat([own, other, own - other], dim=1))
        coarse = reduce_grid(delta, self.grid)
        memory, place = to_tokens(coarse), sine_position(coarse)
        query = self.delta_norm(memory)
        where = query + place
        memory = self.memory_norm(memory + self.self_attention(where, where, query, need_weights=False)[0])
        query = self.query_norm(to_tokens(own)) + sine_position(own)
        read, _ = self.cross_attention(query, memory + place, memory, need_weights=False)
        fused = own + to_map(read, own)
        out = F.gelu(self.norm(self.fuse(torch.cat([fused, delta], dim=1))))
        return out.chunk(2)
