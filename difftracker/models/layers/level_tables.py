"""Where the levels of a feature pyramid lie in a row of tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class LevelTables(NamedTuple):
    """Sizes of levels as numbers and as the tables of the deformable attention operator.

    Made once per pass and shared by all layers: on a GPU each new table is copied there and waited for.

    Attributes:
        sizes: Height and width of each of L levels.
        shapes: `(L, 2)` int64, the same.
        starts: `(L,)` int64, first token of each level.
    """

    sizes: tuple[tuple[int, int], ...]
    shapes: Tensor
    starts: Tensor

    @classmethod
    def of(cls, sizes: Sequence[tuple[int, int]], device: torch.device) -> LevelTables:
        """Makes the tables of `(height, width)` sizes."""
        sizes = tuple((int(height), int(width)) for height, width in sizes)
        shapes = torch.tensor(sizes, dtype=torch.long, device=device)
        return cls(sizes, shapes, torch.cat([shapes.new_zeros(1), shapes.prod(1).cumsum(0)[:-1]]))
