"""Box arithmetic on normalised and absolute boxes."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def cxcywh_to_xyxy(boxes: Tensor) -> Tensor:
    """Maps `(..., 4)` centre-size boxes to corner boxes."""
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1)


def xyxy_to_cxcywh(boxes: Tensor) -> Tensor:
    """Maps `(..., 4)` corner boxes to centre-size boxes."""
    low, high = boxes[..., :2], boxes[..., 2:]
    return torch.cat([(low + high) / 2, high - low], dim=-1)


def inverse_sigmoid(x: Tensor, eps: float = 1e-4) -> Tensor:
    """The logit of numbers in `[0, 1]`, clamped `eps` away from both ends."""
    x = x.clamp(eps, 1 - eps)
    return torch.log(x / (1 - x))


def aligned_iou(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU (arXiv 1902.09630) of boxes in pairs.

    Args:
        first, second: `(..., 4)` xyxy boxes that broadcast against each other.

    Returns:
        IoU and GIoU, each `(...)`. Boxes without area give 0 and at most 0.
    """
    low = torch.maximum(first[..., :2], second[..., :2])
    high = torch.minimum(first[..., 2:], second[..., 2:])
    overlap = (high - low).clamp(min=0).prod(-1)
    area = (first[..., 2:] - first[..., :2]).clamp(min=0).prod(-1)
    other_area = (second[..., 2:] - second[..., :2]).clamp(min=0).prod(-1)
    union = area + other_area - overlap
    hull_low = torch.minimum(first[..., :2], second[..., :2])
    hull_high = torch.maximum(first[..., 2:], second[..., 2:])
    hull = (hull_high - hull_low).clamp(min=0).prod(-1)
    eps = torch.finfo(union.dtype).eps
    iou = overlap / union.clamp(min=eps)
    return iou, iou - (hull - union) / hull.clamp(min=eps)


def shared_with_better(boxes: Tensor) -> Tensor:
    """Tells how much of each pair of boxes is the same place, seen from the worse one.

    Args:
        boxes: `(B, N, 4)` xyxy, sorted by falling score in each image.

    Returns:
        `(B, N, N)`: at `[:, better, worse]` the area that both cover as a share of the smaller one's; 0 elsewhere.
    """
    first, second = boxes[:, :, None], boxes[:, None]
    low, high = torch.maximum(first[..., :2], second[..., :2]), torch.minimum(first[..., 2:], second[..., 2:])
    area = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)
    smaller = torch.minimum(area[:, :, None], area[:, None])
    return torch.triu((high - low).clamp(min=0).prod(-1) / smaller.clamp(min=1e-9), diagonal=1)


def repeats_region(boxes: Tensor, fixed: Tensor, share: float = 0.5) -> Tensor:
    """Tells the estimates that say again what a better region of differing pixels says.

    A region holds all that differs there. An estimate of a part of it, or of more around it, has a low IoU with it and
    yet is about the same change.

    Args:
        boxes: `(B, N, 4)` xyxy, sorted by falling score in each image.
        fixed: `(B, N)` bool, True for regions.
        share: Part of the smaller one of two boxes that both must cover to be about the same.

    Returns:
        `(B, N)` bool; never True for a region.
    """
    return ((shared_with_better(boxes) > share) & fixed[:, :, None]).any(1) & ~fixed


def inside_better(boxes: Tensor, share: float) -> Tensor:
    """Factors for the scores of boxes that a better one holds, or that hold a better one (after Soft-NMS, 1704.04503).

    Such a box has a low IoU with the better one and yet says the same again. Its score falls, instead of the box being
    dropped, because now and then a change lies within another one.

    Args:
        boxes: `(B, N, 4)` xyxy, sorted by falling score in each image.
        share: Part of the smaller one of two boxes that both must cover for the score to fall.

    Returns:
        `(B, N)`: 1, or one minus the shared part.
    """
    # A row of zeros, since of no box at all there is no maximum.
    most = F.pad(shared_with_better(boxes), (0, 0, 1, 0)).amax(1)
    return torch.where(most > share, 1 - most, 1.0)


def suppress_overlaps(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Parallel non-maximum suppression (Fast NMS of YOLACT, arXiv 1904.02689).

    A box is dropped when any better box of its image overlaps it, also when that better box is dropped itself: slightly
    stricter than the sequential form, and one matrix instead of a loop.

    Args:
        boxes: `(B, N, 4)` xyxy, sorted by falling score in each image.
        scores: `(B, N)`.
        iou_threshold: Overlap above which the lower-scored box is dropped.

    Returns:
        `(B, N)` bool, True where a box is kept.
    """
    iou, _ = aligned_iou(boxes[:, :, None], boxes[:, None])
    better = torch.triu(torch.ones_like(iou[0], dtype=torch.bool), diagonal=1)
    return ((iou * better).amax(dim=1) <= iou_threshold) & (scores > 0)
