"""Prediction branches, losses and answers of DiffTracker."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, bias_init_with_prob
from torch import Tensor, nn

from difftracker.models.across_processes import loss_divisors
from difftracker.models.layers.box_ops import aligned_iou, cxcywh_to_xyxy
from difftracker.models.layers.mlp import MLP
from difftracker.models.layers.origin_matching import Origins
from difftracker.models.losses import choice_loss, origin_loss, varifocal_loss
from difftracker.models.targets import PairTargets
from difftracker.registry import MODELS

from .change_matcher import ChangeMatcher
from .text_conditioned_decoder import LayerState


class LayerScores(NamedTuple):
    """Scores of one decoder layer for N samples with Q queries.

    Attributes:
        change: `(N, Q)` logit that the candidate is a change of any kind.
        kind: `(N, Q, K)` logits of the kind of change.
        match: `(N, Q)` logit that the sentence asks for the candidate; None in a layer without text.
        none: `(N,)` logit that nothing of the kind asked for has changed; None in a layer without text.
    """

    change: Tensor
    kind: Tensor
    match: Tensor | None
    none: Tensor | None


@MODELS.register_module()
class DiffTrackerHead(BaseModule):
    """Says of each candidate whether it is a change, of which kind, and whether the sentence asks for it.

    Losses per decoder layer: varifocal on the change score and on the match score, cross-entropy on the kind, L1 and
    GIoU on the boxes of both frames, and in layers with text a softmax among the candidates of the pair and "none".
    Where the decoder looks for origins, a cross-entropy on the place that a moved thing came from.

    Args:
        kinds: Names of the kinds of change, in label order.
        embed_dims: Width of the queries.
        num_layers: Decoder layers.
        alignment_dims: Channels of the decoder's comparison with the sentence, 0 where it makes none.
        loss_weights: Weights by name: `change`, `kind`, `l1`, `giou`, `match`, `choice`, `origin`.
    """

    DEFAULT_WEIGHTS = {'change': 1.0, 'kind': 0.5, 'l1': 5.0, 'giou': 2.0, 'match': 2.0, 'choice': 1.0, 'origin': 1.0}

    def __init__(
        self,
        kinds: tuple[str, ...],
        embed_dims: int = 192,
        num_layers: int = 5,
        alignment_dims: int = 0,
        loss_weights: dict[str, float] | None = None,
    ) -> None:
        super().__init__()
        self.kinds = tuple(kinds)
        self.weights = {**self.DEFAULT_WEIGHTS, **(loss_weights or {})}
        self.matcher = ChangeMatcher()
        self.change = nn.ModuleList(nn.Linear(embed_dims, 1) for _ in range(num_layers))
        self.kind = nn.ModuleList(nn.Linear(embed_dims, len(self.kinds)) for _ in range(num_layers))
        width = 3 * embed_dims + alignment_dims
        self.match = nn.ModuleList(MLP(width, embed_dims, 1) for _ in range(num_layers))
        self.none = nn.ModuleList(MLP(2 * embed_dims, embed_dims, 1) for _ in range(num_layers))

    def init_weights(self) -> None:
        """Starts with rare positives."""
        super().init_weights()
        for branch in [*self.change, *(mlp[-1] for mlp in self.match)]:
            nn.init.constant_(branch.bias, bias_init_with_prob(0.05))

    def score(self, index: int, state: LayerState, sentence: Tensor) -> LayerScores:
        """Scores the queries of decoder layer `index`; `sentence` is `(N, C)`, read where the layer has text."""
        content = state.content
        change = self.change[index](content).float().squeeze(-1)
        kind = self.kind[index](content).float()
        if not state.with_text:
            return LayerScores(change, kind, None, None)
        words = sentence[:, None].expand_as(content)
        parts = [content, words, content * words]
        if state.alignment is not None:
            parts.append(state.alignment)
        match = self.match[index](torch.cat(parts, dim=-1)).float().squeeze(-1)
        none = self.none[index](torch.cat([content.amax(1), sentence], dim=-1)).float().squeeze(-1)
        return LayerScores(change, kind, match, none)

    def loss(
        self,
        states: list[LayerState],
        sentence: Tensor,
        targets: PairTargets,
        denoising: tuple[Tensor, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Losses of all layers.

        Args:
            states: Decoder states; the last `D` queries are denoising queries where `denoising` is given.
            sentence: `(B * S, C)` sentence vectors.
            targets: Ground truth of B pairs with S sentences.
            denoising: Assignment `(B, D)` and usable mask `(B, D)` of the denoising queries.

        Returns:
            Losses by name; those of earlier layers carry the prefix `d0.`, `d1.`, ...
        """
        per_sentence = targets.repeat(targets.asked.shape[1])
        losses = {}
        for index, state in enumerate(states):
            truth = per_sentence if state.with_text else targets
            noise = denoising
            if denoising is not None and state.with_text:
                noise = tuple(item.repeat_interleave(targets.asked.shape[1], dim=0) for item in denoising)
            scores = self.score(index, self._matching_part(state, noise), sentence)
            extra = None if noise is None else self.score(index, self._denoising_part(state, noise), sentence)
            layer = self._layer_loss(state, scores, extra, truth, noise)
            prefix = '' if index == len(states) - 1 else f'd{index}.'
            losses.update({f'{prefix}loss_{name}': value * self.weights[name] for name, value in layer.items()})
        return losses

    @staticmethod
    def _matching_part(state: LayerState, noise: tuple[Tensor, Tensor] | None) -> LayerState:
        return state if noise is None else state.queries(slice(None, -noise[0].shape[1]))

    @staticmethod
    def _denoising_part(state: LayerState, noise: tuple[Tensor, Tensor]) -> LayerState:
        return state.queries(slice(-noise[0].shape[1], None))

    def _layer_loss(
        self,
        state: LayerState,
        scores: LayerScores,
        extra: LayerScores | None,
        truth: PairTargets,
        noise: tuple[Tensor, Tensor] | None,
    ) -> dict[str, Tensor]:
        matching = self._matching_part(state, noise)
        # Padding sentences of pairs with fewer sentences carry no loss.
        real = truth.asked[:, :1] if state.with_text else torch.ones_like(truth.asked[:, :1])
        assigned = self.matcher(scores.change, matching.after_boxes, truth)
        parts = [self._group_loss(matching, scores, truth, assigned, real.expand_as(assigned))]
        if extra is not None:
            usable = noise[1] & real
            parts.append(self._group_loss(self._denoising_part(state, noise), extra, truth, noise[0], usable))
        return {name: sum(part[name] for part in parts) / len(parts) for name in parts[0]}

    def _group_loss(
        self, state: LayerState, scores: LayerScores, truth: PairTargets, assigned: Tensor, usable: Tensor
    ) -> dict[str, Tensor]:
        """Losses of one group of queries, `assigned` and `usable` `(N, Q)`."""
        positive = (assigned >= 0) & usable
        pick = assigned.clamp(min=0)
        rows = usable.any(1)
        kinds, wanted = torch.full_like(pick, -1), torch.zeros_like(positive)
        if truth.after_boxes.shape[1]:
            kinds = truth.kinds.gather(1, pick).masked_fill(~positive, -1)
            wanted = truth.answers[:, 0].gather(1, pick) & positive
        count, known, asked, answered = loss_divisors(positive.sum(), (kinds >= 0).sum(), wanted.sum(), rows.sum())
        quality = torch.zeros_like(scores.change)
        losses = {'l1': scores.change.sum() * 0, 'giou': scores.change.sum() * 0}
        if truth.after_boxes.shape[1]:
            losses, quality = self._box_loss(state, truth, pick, positive, count)
        kind_loss = F.cross_entropy(scores.kind.flatten(0, 1), kinds.flatten(), ignore_index=-1, reduction='sum')
        losses['kind'] = kind_loss / known
        if state.origins is not None:
            losses['origin'] = self._origin_loss(state.origins, truth, pick, kinds)
        losses['change'] = (varifocal_loss(scores.change, quality, positive) * usable).sum() / count
        if scores.match is not None:
            goal = quality * wanted
            each = varifocal_loss(scores.match, goal, wanted) * usable
            losses['match'] = each.sum() / asked
            choice = choice_loss(scores.match, scores.none, wanted, usable)
            losses['choice'] = (choice * rows).sum() / answered
        return losses

    def _origin_loss(self, origins: Origins, truth: PairTargets, pick: Tensor, kinds: Tensor) -> Tensor:
        """Loss of the origins of queries with `kinds` `(N, Q)`, -1 for queries that are no change of a known kind."""
        if not truth.after_boxes.shape[1]:
            return origins.logits.sum() * 0
        index = pick[..., None].expand(-1, -1, 4)
        after, before = truth.after_boxes.gather(1, index), truth.before_boxes.gather(1, index)
        iou, _ = aligned_iou(cxcywh_to_xyxy(before), cxcywh_to_xyxy(after))
        move = kinds == self.kinds.index('move')
        # A thing that was pushed by less than its size left no place of its own.
        moved = move & truth.before_valid.gather(1, pick) & (iou < 0.1)
        loss, counted = origin_loss(*origins, before, moved, (kinds >= 0) & ~move)
        (count,) = loss_divisors(counted.sum())
        return loss.sum() / count

    @staticmethod
    def _box_loss(
        state: LayerState, truth: PairTargets, pick: Tensor, positive: Tensor, count: Tensor
    ) -> tuple[dict[str, Tensor], Tensor]:
        index = pick[..., None].expand(-1, -1, 4)
        after, before = truth.after_boxes.gather(1, index), truth.before_boxes.gather(1, index)
        iou, giou = aligned_iou(cxcywh_to_xyxy(state.after_boxes), cxcywh_to_xyxy(after))
        _, before_giou = aligned_iou(cxcywh_to_xyxy(state.before_boxes), cxcywh_to_xyxy(before))
        seen_before = positive & truth.before_valid.gather(1, pick)
        distance = (state.after_boxes - after).abs().sum(-1) * positive
        before_distance = (state.before_boxes - before).abs().sum(-1) * seen_before
        losses = {
            'l1': (distance + 0.5 * before_distance).sum() / count,
            'giou': ((1 - giou) * positive + 0.5 * (1 - before_giou) * seen_before).sum() / count,
        }
        # A poor box must still teach the scores that this is the candidate: quality never falls to zero.
        return losses, iou.detach().clamp(min=0.1) * positive

    def predict(self, states: list[LayerState], sentence: Tensor) -> tuple[LayerState, Tensor, Tensor, Tensor]:
        """Answers with the last layer.

        A candidate's score is the chance that anything asked for has changed, times its own match score. On validation
        pairs that separates unanswerable sentences better than the match score alone at the same accuracy.

        Returns:
            The layer's state, scores `(N, Q)` in [0, 1], kinds `(N, Q)` and no-change scores `(N,)` in [0, 1].
        """
        scores = self.score(len(states) - 1, states[-1], sentence)
        logits = torch.cat([scores.match, scores.none[:, None]], dim=1)
        no_change = logits.softmax(dim=1)[:, -1]
        return states[-1], scores.match.sigmoid() * (1 - no_change[:, None]), scores.kind.argmax(-1), no_change
