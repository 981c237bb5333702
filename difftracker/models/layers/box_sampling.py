"""Reads feature maps on a regular grid inside boxes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .box_ops import cxcywh_to_xyxy


def grid_points(boxes: Tensor, grid: int) -> Tensor:
    """Grid points of each `(B, Q, 4)` cxcywh box in `grid_sample`'s frame: `(B, Q, grid * grid, 2)` in [-1, 1]."""
    corners = cxcywh_to_xyxy(boxes.float())
    steps = (torch.arange(grid, device=boxes.device) + 0.5) / grid
    y, x = torch.meshgrid(steps, steps, indexing='ij')
    unit = torch.stack([x, y], dim=-1).reshape(-1, 2)
    low, high = corners[..., None, :2], corners[..., None, 2:]
    return (low + unit * (high - low)) * 2 - 1


def sample(level: Tensor, points: Tensor) -> Tensor:
    """Samples `(B, C, H, W)` at `(B, Q, G, 2)`: `(B, C, Q, G)` in float32."""
    return F.grid_sample(level.float(), points, mode='bilinear', padding_mode='border', align_corners=False)
