"""Pooled evidence of a candidate: what stood there before, what stands there now, and the difference."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .box_sampling import grid_points, sample
from .mlp import MLP
from .pair_pyramid import PairPyramid


class BoxEvidence(nn.Module):
    """Reads both pyramids inside a candidate's boxes on a fixed grid.

    Deformable attention must learn where to look; this looks at the whole box from the first step on, and at the bare
    colours too, which sentences often ask for.

    Args:
        in_channels: Channels of the pyramids.
        num_levels: Levels of one pyramid.
        embed_dims: Width of the evidence.
        semantic_channels: Channels of the backbone's own maps in the pyramids, read beside the difference features:
            names of things are learned from few pictures, and these carry what the backbone learned from many.
        grid: Samples per side.
    """

    def __init__(
        self,
        in_channels: int,
        num_levels: int,
        embed_dims: int,
        semantic_channels: tuple[int, ...] = (),
        grid: int = 4,
    ) -> None:
        super().__init__()
        self.grid = grid
        self.features = MLP(2 * num_levels * in_channels, 2 * embed_dims, embed_dims)
        self.colours = MLP(3 * 3 * grid * grid, embed_dims, embed_dims)
        self.semantics = None
        if semantic_channels:
            width = 2 * sum(semantic_channels)
            self.semantics = nn.Sequential(nn.LayerNorm(width), MLP(width, 2 * embed_dims, embed_dims))
        self.norm = nn.LayerNorm(embed_dims)

    def forward(self, pyramid: PairPyramid, before: Tensor, after: Tensor) -> Tensor:
        """Pools evidence.

        Args:
            pyramid: Pyramids of B pairs.
            before, after: `(B, Q, 4)` cxcywh boxes as fractions of the canvas.

        Returns:
            `(B, Q, embed_dims)`.
        """
        grids = [self.grid_points(boxes) for boxes in (before, after)]
        pooled, colours = [], []
        sides = ((pyramid.before, pyramid.colour_before), (pyramid.after, pyramid.colour_after))
        for (levels, colour), grid in zip(sides, grids, strict=True):
            pooled += [sample(level, grid).mean(-1).transpose(1, 2) for level in levels]
            colours.append(sample(colour, grid).permute(0, 2, 1, 3).flatten(2))
        colours.append(colours[1] - colours[0])
        evidence = self.features(torch.cat(pooled, dim=-1)) + self.colours(torch.cat(colours, dim=-1))
        if self.semantics is not None:
            evidence = evidence + self.semantics(self.pool_semantics(pyramid, grids))
        return self.norm(evidence)

    def pool_semantics(self, pyramid: PairPyramid, grids: Sequence[Tensor]) -> Tensor:
        """Averages the backbone's own maps over points inside the boxes.

        Args:
            pyramid: Pyramids of B pairs.
            grids: `grid_points` of the `(B, Q, 4)` boxes before and after.

        Returns:
            `(B, Q, 2 * sum(semantic_channels))`.
        """
        sides = zip((pyramid.semantic_before, pyramid.semantic_after), grids, strict=True)
        return torch.cat(
            [sample(level, grid).mean(-1).transpose(1, 2) for levels, grid in sides for level in levels], dim=-1
        )

    def grid_points(self, boxes: Tensor) -> Tensor:
        """Grid points of each `(B, Q, 4)` box in `grid_sample`'s frame: `(B, Q, grid * grid, 2)` in [-1, 1]."""
        return grid_points(boxes, self.grid)
