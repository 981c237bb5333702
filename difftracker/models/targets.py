"""Ground truth of a batch, padded to one shape."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from difftracker.models.layers.box_ops import xyxy_to_cxcywh


class PairTargets(NamedTuple):
    """Changes of B pairs with up to N changes and S sentences each.

    Attributes:
        before_boxes, after_boxes: `(B, N, 4)` cxcywh boxes as fractions of the canvas.
        before_valid, after_valid: `(B, N)` bool, False for padding and for places out of view.
        kinds: `(B, N)` long, -1 for padding and unknown kinds.
        answers: `(B, S, N)` bool, True where the sentence asks for the change.
        asked: `(B, S)` bool, False for padding sentences.
    """

    before_boxes: Tensor
    after_boxes: Tensor
    before_valid: Tensor
    after_valid: Tensor
    kinds: Tensor
    answers: Tensor
    asked: Tensor

    @classmethod
    def from_samples(
        cls, samples: list, canvas: tuple[int, int], device: torch.device, slots: tuple[int, int] = (0, 1)
    ) -> PairTargets:
        """Pads the ground truth of data samples.

        Args:
            samples: `PairDataSample` with `gt_changes` (xyxy pixels of the canvas) and `gt_answers`.
            canvas: Height and width of the padded batch.
            device: Where the targets go.
            slots: Least numbers of changes and of sentences to pad to.
        """
        changes = max([slots[0], *(len(sample.gt_changes) for sample in samples)])
        sentences = max([slots[1], *(len(sample.texts) for sample in samples)])
        size = torch.tensor([canvas[1], canvas[0], canvas[1], canvas[0]], dtype=torch.float32, device=device)
        boxes = torch.full((2, len(samples), changes, 4), 0.5, device=device)
        valid = torch.zeros((2, len(samples), changes), dtype=torch.bool, device=device)
        kinds = torch.full((len(samples), changes), -1, device=device)
        answers = torch.zeros((len(samples), sentences, changes), dtype=torch.bool, device=device)
        asked = torch.zeros((len(samples), sentences), dtype=torch.bool, device=device)
        for row, sample in enumerate(samples):
            truth = sample.gt_changes.to(device)
            count = len(truth)
            boxes[0, row, :count] = xyxy_to_cxcywh(truth.boxes_before.float() / size)
            boxes[1, row, :count] = xyxy_to_cxcywh(truth.boxes_after.float() / size)
            valid[0, row, :count] = truth.valid_before
            valid[1, row, :count] = truth.valid_after
            kinds[row, :count] = truth.kinds
            answers[row, : len(sample.texts), :count] = sample.gt_answers.to(device)
            asked[row, : len(sample.texts)] = True
        return cls(*boxes, *valid, kinds, answers, asked)

    def repeat(self, times: int) -> PairTargets:
        """One row per sentence: `(B, ...)` -> `(B * times, ...)`; `answers` becomes `(B * times, 1, N)`."""
        stretched = [item.repeat_interleave(times, dim=0) for item in self[:5]]
        return PairTargets(*stretched, self.answers.flatten(0, 1)[:, None], self.asked.flatten()[:, None])
