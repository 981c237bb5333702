"""Loss of the guess where a thing stood before."""

from __future__ import annotations

import torch
from torch import Tensor

from difftracker.models.layers.box_ops import aligned_iou, cxcywh_to_xyxy


def origin_loss(
    logits: Tensor, places: Tensor, before: Tensor, moved: Tensor, stayed: Tensor, least_iou: float = 0.4
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of the place where a candidate's thing stood, or of "nowhere else".

    Several places may lie on the true one and do not compete: what counts is the sum of their shares.

    Args:
        logits: `(N, R, Q + 1)` logits of Q places and of "nowhere else", minus infinity where a place is impossible.
        places: `(N, Q, 4)` cxcywh boxes of the places.
        before: `(N, R, 4)` true cxcywh boxes in the before frame.
        moved: `(N, R)` bool, True for candidates whose thing stood in the `before` box and is somewhere else now.
        stayed: `(N, R)` bool, True for candidates whose thing stood nowhere else.
        least_iou: Overlap with the `before` box from which a place is the right one.

    Returns:
        `(N, R)` loss and `(N, R)` bool, False where there is none: neither moved nor stayed, or no possible
        place is right.
    """
    iou, _ = aligned_iou(cxcywh_to_xyxy(places)[:, None], cxcywh_to_xyxy(before)[:, :, None])
    right = torch.cat([(iou >= least_iou) & moved[..., None], stayed[..., None]], dim=-1) & ~logits.isneginf()
    counted = right.any(-1)
    # Where nothing is right everything is, for a logarithm without NaN in its gradient.
    right = right | ~counted[..., None]
    share = logits.float().log_softmax(dim=-1).masked_fill(~right, torch.finfo(torch.float32).min).logsumexp(dim=-1)
    return -share * counted, counted
