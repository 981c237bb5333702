"""The feature pyramids of both images of a batch of pairs."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class PairPyramid(NamedTuple):
    """Feature pyramids in the before frame and in the after frame.

    Attributes:
        before, after: One `(B, C, H/s, W/s)` map per level.
        colour_before, colour_after: `(B, 3, H/4, W/4)` normalised colours.
        extent: `(B, 2, 2)` width and height of the picture inside the padded canvas as fractions of it; index 0 of
            the second axis is the before image, 1 the after image.
        semantic_before, semantic_after: Maps of the backbone itself, one `(B, C_i, H/s, W/s)` per stage that is kept:
            what stands at a place, whether or not it changed.
    """

    before: tuple[Tensor, ...]
    after: tuple[Tensor, ...]
    colour_before: Tensor
    colour_after: Tensor
    extent: Tensor
    semantic_before: tuple[Tensor, ...] = ()
    semantic_after: tuple[Tensor, ...] = ()

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Height and width of the levels of one image."""
        return [tuple(level.shape[-2:]) for level in self.after]

    def tokens(self) -> Tensor:
        """All cells of both images: `(B, 2 * sum(H_l * W_l), C)`, the before levels first."""
        return torch.cat([level.flatten(2).transpose(1, 2) for level in self.before + self.after], dim=1)

    def repeat(self, times: int) -> PairPyramid:
        """Repeats each pair `times` times in a row: `(B, ...)` -> `(B * times, ...)`."""

        def stretch(x: Tensor) -> Tensor:
            return x.repeat_interleave(times, dim=0)

        return PairPyramid(
            tuple(map(stretch, self.before)),
            tuple(map(stretch, self.after)),
            stretch(self.colour_before),
            stretch(self.colour_after),
            stretch(self.extent),
            tuple(map(stretch, self.semantic_before)),
            tuple(map(stretch, self.semantic_after)),
        )
