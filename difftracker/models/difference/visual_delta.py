"""Visual Delta Module of OneDiff behind the interface of the difference modules."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.models.layers.mlp import MLP
from difftracker.registry import MODELS

from .map_tokens import sine_position, to_map, to_tokens


class _DeltaLayer(nn.Module):
    """Self-attention of the delta tokens, cross-attention to both images, feed-forward; pre-norm."""

    def __init__(self, channels: int, num_heads: int) -> None:
        super().__init__()
        self.self_norm = nn.LayerNorm(channels)
        self.self_attention = nn.MultiheadAttention(channels, num_heads, batch_first=True)
        self.image_norm = nn.LayerNorm(channels)
        self.image_attention = nn.MultiheadAttention(channels, num_heads, batch_first=True)
        self.ffn = nn.Sequential(nn.LayerNorm(channels), MLP(channels, 2 * channels, channels))

    def forward(self, delta: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Updates `(B, T, C)` tokens from `(B, S, C)` keys and values."""
        query = self.self_norm(delta)
        delta = delta + self.self_attention(query, query, query, need_weights=False)[0]
        query = self.image_norm(delta)
        delta = delta + self.image_attention(query, keys, values, need_weights=False)[0]
        return delta + self.ffn(delta)


@MODELS.register_module()
class VisualDelta(BaseModule):
    """The VDM of OneDiff (arXiv 2407.05645): learnable delta tokens gather what differs, the maps read them back.

    Published: delta tokens are the queries of transformer layers that alternate self-attention with cross-attention to
    the hidden states of both images (six layers started from BERT-base; encoder layers 8, 16 and 24); the tokens go to
    a language model. Layer `l`, with `M = [V_own + r_own || V_other + r_other]`:

    - `D <- D + SA(D)`, `D <- D + CA(D, M)`, `D <- D + FFN(D)`.

    Our choice, since a grounding model needs maps: each image's cells read the tokens back, `R = CA(V_own, D)`, and the
    output is `GELU(GroupNorm(W [V_own, R]))`. Also our choice, since not public: the number of tokens, layers and
    heads, pre-norm, random initial weights, one set of tokens per backbone stage instead of three encoder layers in
    one, and sine positions. The learned marks `r` say "own" and "other" instead of "first" and "second", and each
    image has its own pass: exchanging the images exchanges the outputs.

    The cost is linear in the number of cells, so that maps of any size are read whole.

    Args:
        in_channels: Channels of the backbone stage.
        out_channels: Channels of the output, a multiple of 8; above 32, a multiple of its number of heads
            `out_channels // 32`.
        num_tokens: Delta tokens.
        num_layers: Layers of the tokens.
    """

    def __init__(self, in_channels: int, out_channels: int, num_tokens: int = 16, num_layers: int = 2) -> None:
        super().__init__()
        num_heads = max(out_channels // 32, 1)
        self.value = nn.Conv2d(in_channels, out_channels, 1)
        self.value_norm = nn.LayerNorm(out_channels)
        self.tokens = nn.Parameter(torch.randn(1, num_tokens, out_channels) * 0.1)
        self.role = nn.Parameter(torch.randn(2, out_channels) * 0.1)
        self.layers = nn.ModuleList(_DeltaLayer(out_channels, num_heads) for _ in range(num_layers))
        self.token_norm = nn.LayerNorm(out_channels)
        self.read = nn.MultiheadAttention(out_channels, num_heads, batch_first=True)
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
        position = sine_position(value)
        own = self.value_norm(to_tokens(value))
        other = torch.cat(own.chunk(2)[::-1])
        memory = torch.cat([own + self.role[0], other + self.role[1]], dim=1)
        keys = memory + position.repeat(1, 2, 1)
        delta = self.tokens.expand(len(own), -1, -1)
        for layer in self.layers:
            delta = layer(delta, keys, memory)
        delta = self.token_norm(delta)
        seen, _ = self.read(own + position, delta, delta, need_weights=False)
        out = F.gelu(self.norm(self.fuse(torch.cat([value, to_map(seen, value)], dim=1))))
        return out.chunk(2)
