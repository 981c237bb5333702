"""Multi-scale deformable attention around reference boxes, with one reference per level."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from difftracker.ops import ms_deform_attn

from .level_tables import LevelTables


class BoxDeformableAttention(nn.Module):
    """Multi-scale deformable attention (Deformable DETR, arXiv 2010.04159) whose references are boxes.

    Each level has its own reference box, so that one call can sample the before pyramid around the before box and the
    after pyramid around the after box of the same query.

    Args:
        embed_dims: Width of the queries and of the output.
        value_dims: Width of the image tokens.
        num_levels: Number of maps that are sampled.
        num_heads: Attention heads.
        num_points: Samples per head and level.
    """

    def __init__(
        self, embed_dims: int, value_dims: int, num_levels: int, num_heads: int = 6, num_points: int = 4
    ) -> None:
        super().__init__()
        self.num_heads, self.num_levels, self.num_points = num_heads, num_levels, num_points
        self.offsets = nn.Linear(embed_dims, num_heads * num_levels * num_points * 2)
        self.weights = nn.Linear(embed_dims, num_heads * num_levels * num_points)
        self.value = nn.Linear(value_dims, embed_dims)
        self.output = nn.Linear(embed_dims, embed_dims)
        self._init_weights()

    def _init_weights(self) -> None:
        nn.init.zeros_(self.offsets.weight)
        angle = torch.arange(self.num_heads, dtype=torch.float32) * (2 * math.pi / self.num_heads)
        direction = torch.stack([angle.cos(), angle.sin()], dim=-1)
        direction = direction / direction.abs().amax(dim=-1, keepdim=True)
        reach = torch.arange(1, self.num_points + 1, dtype=torch.float32)
        grid = direction[:, None, None] * reach[:, None]
        with torch.no_grad():
            self.offsets.bias.copy_(grid.expand(-1, self.num_levels, -1, -1).flatten())
        nn.init.zeros_(self.weights.weight)
        nn.init.zeros_(self.weights.bias)

    def forward(self, query: Tensor, references: Tensor, tokens: Tensor, levels: LevelTables) -> Tensor:
        """Samples the maps around each query's reference boxes.

        Args:
            query: `(B, Q, embed_dims)`.
            references: `(B, Q, num_levels, 4)` cxcywh boxes as fractions of the canvas.
            tokens: `(B, sum(H_l * W_l), value_dims)`.
            levels: Where each level lies in the tokens.

        Returns:
            `(B, Q, embed_dims)`.
        """
        batch, count = query.shape[:2]
        value = self.value(tokens).unflatten(-1, (self.num_heads, -1))
        offsets = self.offsets(query).view(batch, count, self.num_heads, self.num_levels, self.num_points, 2).float()
        weights = self.weights(query).view(batch, count, self.num_heads, -1).float().softmax(-1)
        weights = weights.view(batch, count, self.num_heads, self.num_levels, self.num_points)
        boxes = references.float()[:, :, None, :, None]
        locations = boxes[..., :2] + offsets / self.num_points * boxes[..., 2:] * 0.5
        seen = ms_deform_attn(value, levels.shapes, levels.starts, locations, weights)
        return self.output(seen.to(query.dtype))
