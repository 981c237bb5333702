"""Denoising queries: noised true boxes as extra queries in training."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from difftracker.models.layers.box_ops import aligned_iou, cxcywh_to_xyxy, xyxy_to_cxcywh
from difftracker.models.targets import PairTargets


class DenoisingQueries(NamedTuple):
    """Extra queries and what they must answer.

    Attributes:
        boxes: `(B, D, 4)` noised cxcywh boxes.
        assigned: `(B, D)` long index of the change that the query must restore, -1 for one that must say "no change".
        usable: `(B, D)` bool, False for padding.
    """

    boxes: Tensor
    assigned: Tensor
    usable: Tensor


def make_denoising_queries(
    targets: PairTargets, positive_noise: float, negative_noise: float, max_changes: int = 6
) -> DenoisingQueries:
    """Makes one near and one far copy of each true box (contrastive denoising of DINO, arXiv 2203.03605).

    The near copies give the later layers true candidates while the selection is still poor; the far copies are
    candidates that are no change and must lose.

    Args:
        targets: Ground truth of B pairs with up to N changes.
        positive_noise: Largest shift of a near copy's edges, as a fraction of half the box.
        negative_noise: A far copy as a whole is shifted by half the box times 1 plus a number from `positive_noise` to
            this one.
        max_changes: Changes of a pair that are copied, drawn at random where there are more: a board with fifteen
            defects must not make every pair of its batch pay for thirty queries.
    """
    count = targets.after_boxes.shape[1]
    index = torch.arange(count, device=targets.after_boxes.device).expand(len(targets.after_boxes), -1)
    if count > max_changes:
        chance = torch.rand_like(targets.after_boxes[..., 0]) + targets.after_valid
        index = chance.topk(max_changes, dim=1).indices
    after = targets.after_boxes.gather(1, index[..., None].expand(-1, -1, 4))
    valid = targets.after_valid.gather(1, index)
    every = cxcywh_to_xyxy(targets.after_boxes)
    boxes = cxcywh_to_xyxy(after)
    half = after[..., 2:].repeat(1, 1, 2) / 2
    sign = torch.randint_like(boxes, 2) * 2 - 1
    near = boxes + sign * torch.rand_like(boxes) * positive_noise * half
    # Far copies move as a whole: shifting single edges outwards would still cover the change.
    reach = positive_noise + torch.rand_like(boxes[..., :2]) * (negative_noise - positive_noise)
    far = boxes + (sign[..., :2] * (1 + reach)).repeat(1, 1, 2) * half
    # A far copy that lands on another change of the pair would be taught a falsehood.
    iou, _ = aligned_iou(far[:, :, None], every[:, None])
    stray = (iou * targets.after_valid[:, None]).amax(-1) < 0.4
    noised = torch.cat([near, far], dim=1).clamp(0, 1)
    return DenoisingQueries(
        xyxy_to_cxcywh(noised).clamp(1e-3, 1),
        torch.cat([index.masked_fill(~valid, -1), torch.full_like(index, -1)], dim=1),
        torch.cat([valid, valid & stray], dim=1),
    )
