"""Softmax loss over the candidates of a pair: which of them does the sentence mean?"""

from __future__ import annotations

import torch
from torch import Tensor


def choice_loss(logits: Tensor, none_logit: Tensor, wanted: Tensor, usable: Tensor) -> Tensor:
    """Cross-entropy of each wanted candidate against all that are not wanted and against "none of them".

    Wanted candidates do not compete with one another, so that a sentence with several answers is no contradiction.
    Where nothing is wanted, "none of them" is the right choice.

    Args:
        logits: `(N, Q)` match logits.
        none_logit: `(N,)` logit of "nothing of that kind changed".
        wanted: `(N, Q)` bool.
        usable: `(N, Q)` bool, False for candidates that take no part.

    Returns:
        `(N,)` loss, the mean over the wanted candidates.
    """
    rivals = logits.masked_fill(wanted | ~usable, float('-inf'))
    rivals = torch.cat([rivals, none_logit[:, None]], dim=1)
    rest = rivals.logsumexp(dim=1)
    each = torch.logaddexp(rest[:, None], logits) - logits
    chosen = (each * wanted).sum(1) / wanted.sum(1).clamp(min=1)
    return torch.where(wanted.any(1), chosen, rest - none_logit)
