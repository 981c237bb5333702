"""Local cross-image attention: what does the other image show at this place and near it?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .window_ops import WindowAverage, WindowCorrelation


class LocalMatching(nn.Module):
    """Attention of each cell over a square window of the other image.

    Keys and queries share one projection and are unit vectors, so that equal content matches from the first step on;
    a learned bias per offset prefers small displacements, a learned temperature sharpens.

    Args:
        in_channels: Channels of the features that are compared.
        window: Side of the window in cells, odd. A window of 1 returns the same place.
        match_channels: Width of the comparison.
    """

    def __init__(self, in_channels: int, window: int, match_channels: int = 16) -> None:
        super().__init__()
        self.window = window
        self.project = nn.Conv2d(in_channels, match_channels, 1, bias=False)
        self.bias = self.log_temperature = None
        if window == 1:  # nothing to choose among, so nothing to learn about the choice
            return
        radius = window // 2
        steps = torch.arange(-radius, radius + 1, dtype=torch.float32)
        distance = (steps[:, None] ** 2 + steps[None] ** 2).flatten()
        self.bias = nn.Parameter(-0.1 * distance)
        self.log_temperature = nn.Parameter(torch.tensor(2.5))

    def forward(self, own: Tensor, other: Tensor, other_value: Tensor) -> tuple[Tensor, Tensor]:
        """Reads the other image near each cell.

        Args:
            own, other: `(B, C, H, W)` features of one image and of the other.
            other_value: `(B, D, H, W)` values of the other image.

        Returns:
            The matched values `(B, D, H, W)` and the best cosine similarity in the window `(B, 1, H, W)`.
        """
        query = F.normalize(self.project(own).float(), dim=1).to(other_value.dtype).contiguous()
        key = F.normalize(self.project(other).float(), dim=1).to(other_value.dtype).contiguous()
        if self.window == 1:
            return other_value, (query * key).sum(1, keepdim=True)
        similarity = WindowCorrelation.apply(query, key, self.window).float()
        # Cells outside the other image hold zero keys: similarity 0 there loses against any real match.
        logits = similarity * self.log_temperature.exp() + self.bias[:, None, None]
        weight = logits.softmax(dim=1).to(other_value.dtype)
        return WindowAverage.apply(weight, other_value.contiguous(), self.window), similarity.amax(dim=1, keepdim=True)
