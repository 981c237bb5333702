"""Maps as token sequences, for the difference modules that attend over a whole image."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def to_tokens(x: Tensor) -> Tensor:
    """`(B, C, H, W)` -> `(B, H * W, C)`, row by row."""
    return x.flatten(2).transpose(1, 2)


def to_map(tokens: Tensor, like: Tensor) -> Tensor:
    """`(B, H * W, C)` -> `(B, C, H, W)` with the height and width of `like`."""
    return tokens.transpose(1, 2).unflatten(2, tuple(like.shape[-2:]))


def reduce_grid(x: Tensor, grid: int) -> Tensor:
    """Average-pools `(B, C, H, W)` to at most `grid` cells per side; a map that fits is returned as it is."""
    height, width = x.shape[-2:]
    if max(height, width) <= grid:
        return x
    return F.adaptive_avg_pool2d(x, (min(height, grid), min(width, grid)))


def sine_position(like: Tensor) -> Tensor:
    """Sine and cosine embedding of the cell centres of a map, as fractions of it, so that all grid sizes agree.

    Args:
        like: `(B, C, H, W)` map; C is a multiple of 4.

    Returns:
        `(1, H * W, C)`: sine and cosine of y, then of x, at `C / 4` wavelengths from 2 maps down to 1/32 of one.
    """
    channels, height, width = like.shape[1:]
    octaves = torch.linspace(0, 6, channels // 4, device=like.device)
    frequency = math.pi * 2.0**octaves
    y, x = (((torch.arange(size, device=like.device) + 0.5) / size)[:, None] * frequency for size in (height, width))
    rows = torch.cat([y.sin(), y.cos()], dim=-1)[:, None].expand(-1, width, -1)
    columns = torch.cat([x.sin(), x.cos()], dim=-1)[None].expand(height, -1, -1)
    return torch.cat([rows, columns], dim=-1).flatten(0, 1)[None].to(like.dtype)
