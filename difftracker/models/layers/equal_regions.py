"""Where two images are equal pixel by pixel: nothing changed there, as a fact and not as an estimate."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def without_difference(images: Tensor, boxes: Tensor, row: Tensor) -> Tensor:
    """Tells the boxes inside which no pixel differs.

    Args:
        images: `(B, 2, 3, H, W)`, before first.
        boxes: `(N, Q, 4)` xyxy pixels of the canvas; pixels that a box touches count as inside.
        row: `(N,)` long, the pair that each row of boxes belongs to.

    Returns:
        `(N, Q)` bool.
    """
    height, width = images.shape[-2:]
    differs = (images[:, 0] != images[:, 1]).any(1)
    # Sums over all that lies above and to the left: four look-ups count the pixels of any box.
    sums = F.pad(differs.int().cumsum(1).cumsum(2), (1, 0, 1, 0))
    size = boxes.new_tensor([width, height])
    low = boxes[..., :2].floor().clamp(min=0).minimum(size).long()
    high = boxes[..., 2:].ceil().clamp(min=0).minimum(size).long().maximum(low)
    row = row[:, None]
    inside = sums[row, high[..., 1], high[..., 0]] + sums[row, low[..., 1], low[..., 0]]
    return inside == sums[row, low[..., 1], high[..., 0]] + sums[row, high[..., 1], low[..., 0]]
