"""Embedding of a candidate's place and size."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from .mlp import MLP


class BoxPosition(nn.Module):
    """Embeds where a change is, how large it is and how far it moved.

    Places are relative to the picture inside the padded canvas, so that "on the right" means the same in a portrait
    and in a landscape picture.

    Args:
        embed_dims: Width of the embedding.
        num_frequencies: Sine and cosine pairs per coordinate.
    """

    GEOMETRY = 9

    def __init__(self, embed_dims: int, num_frequencies: int = 8) -> None:
        super().__init__()
        frequency = 2.0 ** torch.arange(num_frequencies) * math.pi / 2
        self.register_buffer('frequency', frequency, persistent=False)
        self.mlp = MLP(4 * (2 * num_frequencies + 1) + 5, embed_dims, embed_dims)

    def forward(self, before: Tensor, after: Tensor, extent: Tensor) -> Tensor:
        """Embeds boxes.

        Args:
            before, after: `(B, Q, 4)` cxcywh boxes as fractions of the canvas.
            extent: `(B, 2, 2)` width and height of the before and the after picture as fractions of the canvas.

        Returns:
            `(B, Q, embed_dims)`.
        """
        before, after = self._in_picture(before, after, extent)
        angle = after.unsqueeze(-1) * self.frequency
        waves = torch.cat([angle.sin(), angle.cos()], dim=-1).flatten(2)
        moved = (after - before).clamp(-1, 1)
        area = after[..., 2:].prod(-1, keepdim=True).clamp(min=1e-6).log() / 5
        return self.mlp(torch.cat([waves, after, moved, area], dim=-1))

    @classmethod
    def geometry(cls, before: Tensor, after: Tensor, extent: Tensor) -> Tensor:
        """Returns the bare numbers behind words for place, size and direction, each within about one of zero.

        Args:
            before, after, extent: As in `forward`.

        Returns:
            `(B, Q, GEOMETRY)`: centre x and y, width and height, area, and the difference of the two boxes.
        """
        before, after = cls._in_picture(before, after, extent)
        centre, size = after[..., :2] * 2 - 1, after[..., 2:].clamp(min=1e-3).log() / 2 + 1
        moved = ((after - before) * 4).clamp(-1, 1)
        return torch.cat([centre, size, size.mean(-1, keepdim=True), moved], dim=-1)

    @staticmethod
    def _in_picture(before: Tensor, after: Tensor, extent: Tensor) -> tuple[Tensor, Tensor]:
        return before / extent[:, 0].repeat(1, 2)[:, None], after / extent[:, 1].repeat(1, 2)[:, None]
