"""What the decoder starts from."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from difftracker.models.layers.box_ops import xyxy_to_cxcywh
from difftracker.structures.pair_data_sample import PairDataSample


class Candidates(NamedTuple):
    """Places of B pairs where something may have changed.

    Attributes:
        boxes: `(B, Q, 4)` cxcywh boxes as fractions of the canvas, the same for both frames.
        fixed: `(B, Q)` bool, True where the box is a fact, read off the pixels, that no layer may move.
    """

    boxes: Tensor
    fixed: Tensor

    @classmethod
    def of_regions(
        cls, samples: list[PairDataSample], canvas: tuple[int, int], device: torch.device, slots: int
    ) -> Candidates:
        """Makes candidates of the regions of differing pixels.

        Args:
            samples: B pairs; one without `regions` has none.
            canvas: Height and width of the batch.
            device: Where the candidates go.
            slots: Candidates per pair; of more regions the first ones are taken.

        Returns:
            `slots` candidates of each pair, `fixed` where a region is, the rest without area.
        """
        boxes = torch.zeros((len(samples), slots, 4), device=device)
        fixed = torch.zeros((len(samples), slots), dtype=torch.bool, device=device)
        size = torch.tensor([canvas[1], canvas[0], canvas[1], canvas[0]], dtype=torch.float32, device=device)
        for row, sample in enumerate(samples):
            part = sample.regions[:slots] if 'regions' in sample else boxes[row, :0]
            boxes[row, : len(part)] = xyxy_to_cxcywh(part.to(device) / size)
            fixed[row, : len(part)] = True
        return cls(boxes, fixed)

    def repeat(self, times: int) -> Candidates:
        """One row per sentence: `(B, ...)` -> `(B * times, ...)`."""
        return Candidates(*(item.repeat_interleave(times, dim=0) for item in self))

    def and_movable(self, boxes: Tensor) -> Candidates:
        """Appends `(B, E, 4)` boxes that layers may move."""
        fixed = torch.zeros(boxes.shape[:2], dtype=torch.bool, device=boxes.device)
        return Candidates(torch.cat([self.boxes, boxes], dim=1), torch.cat([self.fixed, fixed], dim=1))
