"""Multi-layer perceptron."""

from __future__ import annotations

from torch import nn


class MLP(nn.Sequential):
    """Linear layers with GELU between them.

    Args:
        in_channels: Width of the input.
        hidden: Width between the layers.
        out_channels: Width of the output.
        num_layers: Number of linear layers.
    """

    def __init__(self, in_channels: int, hidden: int, out_channels: int, num_layers: int = 2) -> None:
        layers: list[nn.Module] = []
        width = in_channels
        for _ in range(num_layers - 1):
            layers += [nn.Linear(width, hidden), nn.GELU()]
            width = hidden
        layers.append(nn.Linear(width, out_channels))
        super().__init__(*layers)
