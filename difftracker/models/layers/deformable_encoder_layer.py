"""Deformable self-attention over the pyramid of one image."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .deformable_attention import BoxDeformableAttention
from .level_tables import LevelTables
from .mlp import MLP


class DeformableEncoderLayer(nn.Module):
    """Encoder layer of Deformable DETR (arXiv 2010.04159), pre-norm.

    Args:
        embed_dims: Channels of the tokens.
        num_levels: Levels of the pyramid.
    """

    def __init__(self, embed_dims: int, num_levels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(embed_dims)
        self.attention = BoxDeformableAttention(embed_dims, embed_dims, num_levels, num_heads=max(embed_dims // 32, 1))
        self.level = nn.Parameter(torch.zeros(num_levels, embed_dims))
        self.ffn = nn.Sequential(nn.LayerNorm(embed_dims), MLP(embed_dims, 4 * embed_dims, embed_dims))

    def forward(self, tokens: Tensor, levels: LevelTables) -> Tensor:
        """Maps `(N, sum(H_l * W_l), C)` to the same shape."""
        references, offsets = [], []
        for index, (height, width) in enumerate(levels.sizes):
            y, x = torch.meshgrid(
                (torch.arange(height, device=tokens.device) + 0.5) / height,
                (torch.arange(width, device=tokens.device) + 0.5) / width,
                indexing='ij',
            )
            # A reference of eight cells lets the initial offsets reach one cell per point.
            size = torch.tensor([8.0 / width, 8.0 / height], device=tokens.device).expand(height * width, 2)
            references.append(torch.cat([x.reshape(-1, 1), y.reshape(-1, 1), size], dim=1))
            offsets.append(self.level[index].expand(height * width, -1))
        boxes = torch.cat(references)[None, :, None].expand(len(tokens), -1, len(levels.sizes), -1)
        query = self.norm(tokens)
        tokens = tokens + self.attention(query + torch.cat(offsets), boxes, query, levels)
        return tokens + self.ffn(tokens)
