"""Dense one-to-many head: every cell near a change predicts its box."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, bias_init_with_prob
from torch import Tensor, nn

from difftracker.errors import ConfigError
from difftracker.models.across_processes import loss_divisors
from difftracker.models.layers.box_ops import aligned_iou, cxcywh_to_xyxy
from difftracker.models.losses import varifocal_loss
from difftracker.models.targets import PairTargets
from difftracker.models.text import TextFeatures
from difftracker.registry import MODELS


class DenseOutput(NamedTuple):
    """Answers of all N cells of the after pyramid.

    Attributes:
        logits: `(B, N)` logit that the cell is the centre of a change.
        boxes: `(B, N, 4)` cxcywh boxes as fractions of the canvas.
        centres: `(N, 2)` cell centres as fractions of the canvas.
        strides: `(N, 2)` cell size as fractions of the canvas.
        levels: `(N,)` level of each cell.
        match: `(B, N)` logit that the sentence asks for the change at the cell, if there is one; None where the head
            reads no text.
    """

    logits: Tensor
    boxes: Tensor
    centres: Tensor
    strides: Tensor
    levels: Tensor
    match: Tensor | None = None


@MODELS.register_module()
class DenseChangeHead(BaseModule):
    """Finds changes of any kind, densely.

    Two uses: a one-to-many loss that trains the image side many times faster than one-to-one matching does, and the
    source of the decoder's queries. Assignment: cells within `radius` cells of a change's centre, on the levels whose
    size range holds the change.

    Language-guided query selection: with `text_channels`, each cell also says whether the sentence asks for what
    stands there, `max_w <W f, w> / sqrt(C) + b` over the words `w`, the similarity by which Grounding DINO (arXiv
    2303.05499) picks its queries. Ours is learned on the cells of changes only and multiplies the score that there is
    a change, `p(change) * p(asked for | change)`. It needs one pyramid per sentence, hence a neck that reads the text.

    Args:
        in_channels: Channels of the pyramid.
        size_ranges: For each level, the smallest and largest longer side of a change, as fractions of the canvas.
        radius: Reach of the positive region in cells.
        box_weight: Weight of the box loss.
        text_channels: Width of the word features; None for a head that reads no text.
    """

    def __init__(
        self,
        in_channels: int = 128,
        size_ranges: tuple[tuple[float, float], ...] = ((0.0, 0.25), (0.15, 0.6), (0.4, 2.0)),
        radius: float = 1.5,
        box_weight: float = 2.0,
        text_channels: int | None = None,
    ) -> None:
        super().__init__()
        self.size_ranges, self.radius, self.box_weight = size_ranges, radius, box_weight
        self.tower = nn.Sequential(
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels),
            nn.Conv2d(in_channels, in_channels, 1),
            nn.GroupNorm(8, in_channels),
            nn.GELU(),
            nn.Conv2d(in_channels, in_channels, 3, padding=1, groups=in_channels),
            nn.Conv2d(in_channels, in_channels, 1),
            nn.GELU(),
        )
        self.score = nn.Conv2d(in_channels, 1, 1)
        self.box = nn.Conv2d(in_channels, 4, 1)
        self.log_size = nn.Parameter(torch.full((len(size_ranges),), 1.4))
        self.language = None
        if text_channels is not None:
            self.language = nn.Conv2d(in_channels, text_channels, 1)
            self.language_bias = nn.Parameter(torch.zeros(()))

    def init_weights(self) -> None:
        """Starts with rare positives, so that the first steps do not drown in background."""
        super().init_weights()
        nn.init.constant_(self.score.bias, bias_init_with_prob(0.01))
        nn.init.normal_(self.box.weight, std=0.01)
        nn.init.zeros_(self.box.bias)

    def forward(self, levels: tuple[Tensor, ...], text: TextFeatures | None = None) -> DenseOutput:
        """Scores all cells.

        Args:
            levels: `(B, C, H/s, W/s)` maps.
            text: Features of B sentences; read where the head has `text_channels`.
        """
        logits, boxes, centres, strides, indices, matches = [], [], [], [], [], []
        for index, level in enumerate(levels):
            height, width = level.shape[-2:]
            features = self.tower(level)
            y, x = torch.meshgrid(
                (torch.arange(height, device=level.device) + 0.5) / height,
                (torch.arange(width, device=level.device) + 0.5) / width,
                indexing='ij',
            )
            centre = torch.stack([x, y], dim=-1).reshape(-1, 2)
            stride = torch.tensor([1 / width, 1 / height], device=level.device).expand_as(centre)
            raw = self.box(features).float().flatten(2).transpose(1, 2)
            size = (raw[..., 2:] + self.log_size[index]).clamp(-2, 5).exp()
            boxes.append(torch.cat([centre + raw[..., :2] * stride, size * stride], dim=-1))
            logits.append(self.score(features).float().flatten(1))
            centres.append(centre)
            strides.append(stride)
            indices.append(torch.full((height * width,), index, device=level.device))
            if self.language is not None:
                matches.append(self._match(features, text))
        return DenseOutput(
            torch.cat(logits, 1),
            torch.cat(boxes, 1),
            torch.cat(centres),
            torch.cat(strides),
            torch.cat(indices),
            torch.cat(matches, 1) if matches else None,
        )

    def _match(self, features: Tensor, text: TextFeatures | None) -> Tensor:
        """Similarity of each cell of `(B, C, H, W)` with its nearest word: `(B, H * W)`."""
        if text is None or len(text.tokens) != len(features):
            raise ConfigError(
                f'DenseChangeHead.text_channels: expected one sentence for each of {len(features)} pyramids, found '
                f'{"none" if text is None else len(text.tokens)}; use a neck with fusion_layers above 0'
            )
        cells = self.language(features).float().flatten(2).transpose(1, 2)
        words = text.tokens.float().transpose(1, 2)
        similarity = (cells @ words / words.shape[1] ** 0.5).masked_fill(~text.mask[:, None], float('-inf'))
        return similarity.amax(-1) + self.language_bias

    def assign(self, output: DenseOutput, targets: PairTargets) -> Tensor:
        """Returns the change of each cell, `(B, N)` long, -1 for background; the smaller change wins a shared cell."""
        boxes = targets.after_boxes
        distance = (output.centres[None, :, None] - boxes[:, None, :, :2]).abs()
        inside = (distance <= self.radius * output.strides[None, :, None]).all(-1)
        longest = boxes[..., 2:].amax(-1)
        low, high = (
            torch.tensor(bound, device=boxes.device)[output.levels] for bound in zip(*self.size_ranges, strict=True)
        )
        fits = (longest[:, None] >= low[None, :, None]) & (longest[:, None] < high[None, :, None])
        candidate = inside & fits & targets.after_valid[:, None]
        area = boxes[..., 2:].prod(-1)[:, None].masked_fill(~candidate, float('inf'))
        best, index = area.min(-1)
        return index.masked_fill(best.isinf(), -1)

    def loss(self, output: DenseOutput, targets: PairTargets) -> dict[str, Tensor]:
        """Varifocal loss on the scores, GIoU loss on the boxes of positive cells, cross-entropy on their match."""
        if targets.after_boxes.shape[1] == 0:
            assigned = torch.full_like(output.logits, -1, dtype=torch.long)
            quality = torch.zeros_like(output.logits)
            box_loss = output.boxes.sum() * 0
        else:
            assigned = self.assign(output, targets)
            wanted = targets.after_boxes.gather(1, assigned.clamp(min=0)[..., None].expand(-1, -1, 4))
            iou, giou = aligned_iou(cxcywh_to_xyxy(output.boxes), cxcywh_to_xyxy(wanted))
            positive = assigned >= 0
            quality = (iou.detach().clamp(min=0.05) * positive).to(output.logits.dtype)
            box_loss = ((1 - giou) * positive).sum()
        (count,) = loss_divisors((assigned >= 0).sum())
        score_loss = varifocal_loss(output.logits, quality, assigned >= 0).sum()
        losses = {'loss_dense_score': score_loss / count, 'loss_dense_box': self.box_weight * box_loss / count}
        if output.match is not None:
            losses['loss_dense_match'] = self._match_loss(output.match, assigned, targets)
        return losses

    @staticmethod
    def _match_loss(match: Tensor, assigned: Tensor, targets: PairTargets) -> Tensor:
        """Binary cross-entropy on the cells of changes: is the change among the answers of the row's only sentence?"""
        usable = (assigned >= 0) & targets.asked[:, :1]
        (count,) = loss_divisors(usable.sum())
        if targets.after_boxes.shape[1] == 0:
            return match.sum() * 0
        wanted = targets.answers[:, 0].gather(1, assigned.clamp(min=0)).to(match.dtype)
        each = F.binary_cross_entropy_with_logits(match, wanted, reduction='none') * usable
        return each.sum() / count
