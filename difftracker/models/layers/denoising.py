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


def make_denoising_queries(targets: PairTargets, positive_noise: float, negative_noise: float) -> DenoisingQueries:
    """Makes one near and one far copy of each true box (contrastive denoising of DINO, arXiv 2203.03605).

    The near copies give the later layers true candidates while the selection is still poor; the far copies are
    candidates that are no change and must lose.

    Args:
        targets: Ground truth of B pairs with up to N changes.
        positive_noise: Largest shift of a near copy's edges, as a fraction of half the box.
        negative_noise: Largest shift of a far copy's edges; the smallest is `positive_noise`.
    """
    boxes = cxcywh_to_xyxy(targets.after_boxes)
    half = targets.after_boxes[..., 2:].repeat(1, 1, 2) / 2
    sign = torch.randint_like(boxes, 2) * 2 - 1
    near = boxes + sign * torch.rand_like(boxes) * positive_noise * half
    reach = positive_noise + torch.rand_like(boxes) * (negative_noise - positive_noise)
    # Far copies move as a whole: shifting single edges outwards would still cover the change.
    far = boxes + sign[..., :2].repeat(1, 1, 2) * (1 + reach) * half
    index = torch.arange(boxes.shape[1], device=boxes.device).expand(boxes.shape[:2])
    # A far copy that lands on another change of the pair would be taught a falsehood.
    iou, _ = aligned_iou(far[:, :, None], boxes[:, None])
    stray = (iou * targets.after_valid[:, None]).amax(-1) < 0.4
    noised = torch.cat([near, far], dim=1).clamp(0, 1)
    return DenoisingQueries(
        xyxy_to_cxcywh(noised).clamp(1e-3, 1),
        torch.cat([index.masked_fill(~targets.after_valid, -1), torch.full_like(index, -1)], dim=1),
        torch.cat([targets.after_valid, targets.after_valid & stray], dim=1),
    )
