"""Varifocal loss on logits."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def varifocal_loss(
    logits: Tensor, quality: Tensor, positive: Tensor, alpha: float = 0.75, gamma: float = 2.0
) -> Tensor:
    """Varifocal loss (VarifocalNet, arXiv 2008.13367), element by element.

    Positives learn their box quality with that quality as weight; negatives are focused by `p ** gamma`.

    Args:
        logits: Any shape.
        quality: Target in `[0, 1]`, the IoU of a positive's box; 0 at negatives.
        positive: True at positives.
        alpha: Weight of negatives.
        gamma: Focus on hard negatives.
    """
    weight = (alpha * logits.detach().sigmoid() ** gamma).where(~positive, quality)
    return F.binary_cross_entropy_with_logits(logits, quality, reduction='none') * weight
