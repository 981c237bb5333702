"""One-to-one assignment of queries to changes."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from difftracker.models.layers.box_ops import aligned_iou, cxcywh_to_xyxy
from difftracker.models.targets import PairTargets


class ChangeMatcher:
    """Hungarian matching (DETR, arXiv 2005.12872) on the score that a query is a change and on its after box.

    The sentence takes no part: every change has its query, whether it is asked for or not, so that the changes that are
    not asked for are negatives of the match score with a good box.

    Args:
        score_weight: Weight of the negative change score.
        l1_weight: Weight of the L1 distance of cxcywh boxes.
        giou_weight: Weight of the negative GIoU.
    """

    def __init__(self, score_weight: float = 2.0, l1_weight: float = 5.0, giou_weight: float = 2.0) -> None:
        self.score_weight, self.l1_weight, self.giou_weight = score_weight, l1_weight, giou_weight

    @torch.no_grad()
    def __call__(self, change_logits: Tensor, boxes: Tensor, targets: PairTargets) -> Tensor:
        """Assigns.

        Args:
            change_logits: `(N, Q)`.
            boxes: `(N, Q, 4)` cxcywh boxes in the after frame.
            targets: Ground truth of N samples.

        Returns:
            `(N, Q)` long index of the change of each query, -1 for none.
        """
        if targets.after_boxes.shape[1] == 0:
            return torch.full(change_logits.shape, -1, dtype=torch.long, device=boxes.device)
        wanted = targets.after_boxes[:, None]
        _, giou = aligned_iou(cxcywh_to_xyxy(boxes)[:, :, None], cxcywh_to_xyxy(wanted))
        distance = (boxes[:, :, None] - wanted).abs().sum(-1)
        score = change_logits.sigmoid()[..., None]
        cost = self.l1_weight * distance - self.giou_weight * giou - self.score_weight * score
        # NaN must not end the run here, before the check of the losses can name the batch.
        cost = cost.nan_to_num(nan=1e6).cpu().numpy()
        # Rows are many (one per sentence and layer) and small: what is done for each of them is kept out of torch.
        assigned = np.full(change_logits.shape, -1, np.int64)
        for row, valid in enumerate(targets.after_valid.cpu().numpy()):
            columns = np.flatnonzero(valid)
            if columns.size:
                queries, picks = linear_sum_assignment(cost[row][:, columns])
                assigned[row, queries] = columns[picks]
        return torch.from_numpy(assigned).to(boxes.device)
