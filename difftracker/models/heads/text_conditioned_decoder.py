"""Decoder: candidates of a pair read the image, one another and the words."""

from __future__ import annotations

from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.errors import ConfigError
from difftracker.models.layers.box_evidence import BoxEvidence
from difftracker.models.layers.box_ops import cxcywh_to_xyxy, inverse_sigmoid, suppress_overlaps
from difftracker.models.layers.box_position import BoxPosition
from difftracker.models.layers.decoder_layer import DecoderLayer
from difftracker.models.layers.level_tables import LevelTables
from difftracker.models.layers.mlp import MLP
from difftracker.models.layers.origin_matching import OriginMatching, Origins
from difftracker.models.layers.pair_pyramid import PairPyramid
from difftracker.models.layers.sentence_alignment import SentenceAlignment
from difftracker.models.text import TextFeatures
from difftracker.registry import MODELS

from .candidates import Candidates
from .dense_change_head import DenseOutput


class LayerState(NamedTuple):
    """What one decoder layer knows of N samples (pairs, or pairs times sentences) with Q queries each.

    Attributes:
        content: `(N, Q, C)` query features.
        before_boxes, after_boxes: `(N, Q, 4)` refined cxcywh boxes as fractions of the canvas.
        with_text: Whether the layer has read the sentence.
        alignment: `(N, Q, A)` comparison of the candidates with the sentence, attribute by attribute; None in a layer
            without text, and where the decoder has no such part.
        origins: Where the things of the candidates stood before, in the layer whose candidates were asked; else None.
    """

    content: Tensor
    before_boxes: Tensor
    after_boxes: Tensor
    with_text: bool
    alignment: Tensor | None = None
    origins: Origins | None = None

    def queries(self, part: slice) -> LayerState:
        """Returns the state of some of the queries."""
        alignment = None if self.alignment is None else self.alignment[:, part]
        origins = None if self.origins is None else self.origins.queries(part)
        return LayerState(*(item[:, part] for item in self[:3]), self.with_text, alignment, origins)


@MODELS.register_module()
class TextConditionedDecoder(BaseModule):
    """Selects candidates and refines them layer by layer.

    The queries are candidates for a change. Their start content is pooled evidence (`BoxEvidence`), their position the
    box itself. The first layers serve all sentences of a pair; from `text_from_layer` on each sentence has its own copy
    of the queries, which read the words and attend to one another, since a sentence chooses *among* the changes.
    There the position enters the content too: as an addend of attention queries alone, as is usual in detectors, it
    decides where a candidate looks but cannot be compared with "on the left".

    Where the pixels of a pair are equal but for some regions, these are candidates beside those of the dense head.
    Their boxes are facts and stay as they are; a learned vector tells them from estimates.

    Args:
        embed_dims: Width of the queries.
        value_dims: Channels of the pyramids.
        num_levels: Levels of one pyramid.
        num_queries: Candidates per pair out of the dense head.
        region_queries: Further candidates where a pair is mostly equal: its regions of differing pixels, and in the
            place of regions that it does not have more candidates of the dense head. A pair with more regions gets a
            candidate for each; in training a batch has no more than its pair with most regions, and no more than this.
            0 ignores regions.
        num_layers: Decoder layers.
        text_from_layer: Index of the first layer that reads the sentence.
        text_attention: Let the candidates attend to the words there. Without it the sentence meets them in the scores
            alone: in the head, and where there are `attributes` in their comparison.
        num_heads: Attention heads.
        num_points: Samples per head and level of the deformable attention.
        cells_per_query: Cells that enter the selection, for each candidate that is picked.
        nms_iou: Overlap above which the lower-scored of two candidates is dropped.
        dropout: Dropout of the layers.
        semantic_channels: See `BoxEvidence`.
        attributes: Attributes that `SentenceAlignment` compares, 0 for no such part.
        describer: Config of a `ChangeDescriber`, whose guesses are compared with the sentence too, None for none.
        origins: Look for the origins of what moved (`OriginMatching`) between the layers without and those with text.
    """

    def __init__(
        self,
        embed_dims: int = 192,
        value_dims: int = 128,
        num_levels: int = 3,
        num_queries: int = 20,
        region_queries: int = 0,
        num_layers: int = 5,
        text_from_layer: int = 2,
        text_attention: bool = True,
        num_heads: int = 6,
        num_points: int = 4,
        cells_per_query: int = 5,
        nms_iou: float = 0.6,
        dropout: float = 0.1,
        semantic_channels: tuple[int, ...] = (),
        attributes: int = 0,
        describer: dict | None = None,
        origins: bool = False,
    ) -> None:
        super().__init__()
        for name, value, least in (('region_queries', region_queries, 0), ('cells_per_query', cells_per_query, 1)):
            if value < least:
                raise ConfigError(f'TextConditionedDecoder.{name}: expected at least {least}, found {value}')
        if not 0 <= text_from_layer < num_layers:
            raise ConfigError(
                f'TextConditionedDecoder.text_from_layer: expected 0 to {num_layers - 1}, found {text_from_layer}'
            )
        if origins and not (text_from_layer and semantic_channels):
            raise ConfigError(
                'TextConditionedDecoder.origins: expected text_from_layer above 0 and semantic_channels, found '
                f'{text_from_layer} and {semantic_channels}'
            )
        self.num_queries, self.cells_per_query, self.nms_iou = num_queries, cells_per_query, nms_iou
        self.region_queries = region_queries
        self.region = nn.Parameter(torch.zeros(embed_dims)) if region_queries else None
        self.num_levels, self.text_from_layer = num_levels, text_from_layer
        self.evidence = BoxEvidence(value_dims, num_levels, embed_dims, semantic_channels)
        self.position = BoxPosition(embed_dims)
        self.place = nn.Linear(BoxPosition.GEOMETRY, embed_dims)
        self.describer = None if describer is None else MODELS.build(describer)
        facts = (BoxPosition.GEOMETRY,) if describer is None else (BoxPosition.GEOMETRY, self.describer.out_channels)
        self.alignment = SentenceAlignment(embed_dims, attributes, facts) if attributes else None
        self.origins = OriginMatching(embed_dims, semantic_channels) if origins else None
        self.layers = nn.ModuleList(
            DecoderLayer(
                embed_dims,
                value_dims,
                2 * num_levels,
                num_heads,
                num_points,
                text_attention and index >= text_from_layer,
                dropout,
            )
            for index in range(num_layers)
        )
        self.refine = nn.ModuleList(MLP(embed_dims, embed_dims, 8) for _ in range(num_layers))
        self.norm = nn.LayerNorm(embed_dims)

    def init_weights(self) -> None:
        """Starts refinement at the identity."""
        super().init_weights()
        for branch in self.refine:
            nn.init.zeros_(branch[-1].weight)
            nn.init.zeros_(branch[-1].bias)

    @torch.no_grad()
    def select(self, dense: DenseOutput, regions: Candidates | None = None) -> Candidates:
        """Picks the candidates by the score that there is a change, times, where known, that it is asked for.

        Args:
            dense: Output of the dense head.
            regions: R regions of differing pixels of each pair, None for none.

        Returns:
            `num_queries` + R candidates, regions first, then the best of the dense head, overlapping ones last.
        """
        queries = self.num_queries + (0 if regions is None else regions.boxes.shape[1])
        count = min(self.cells_per_query * queries, dense.logits.shape[1])
        ranking = dense.logits.sigmoid()
        if dense.match is not None:
            ranking = ranking * dense.match.sigmoid()
        scores, index = ranking.topk(count, dim=1)
        boxes = dense.boxes.gather(1, index[..., None].expand(-1, -1, 4))
        fixed = torch.zeros_like(scores, dtype=torch.bool)
        if regions is not None:
            # No estimate is as good as a fact: regions rank above all scores, places without a region below.
            scores = torch.cat([2 * regions.fixed.to(scores.dtype), scores], dim=1)
            boxes, fixed = torch.cat([regions.boxes, boxes], dim=1), torch.cat([regions.fixed, fixed], dim=1)
        keep = suppress_overlaps(cxcywh_to_xyxy(boxes), scores, self.nms_iou)
        # Dropped boxes go behind every kept one, so that the number of queries never varies.
        order = (scores + keep.to(scores.dtype)).topk(min(queries, count), dim=1).indices
        boxes = boxes.gather(1, order[..., None].expand(-1, -1, 4)).clamp(0, 1)
        return Candidates(boxes, fixed.gather(1, order))

    def forward(
        self, pyramid: PairPyramid, start: Candidates, text: TextFeatures, sentences: int, mask: Tensor | None = None
    ) -> list[LayerState]:
        """Decodes.

        Args:
            pyramid: Pyramids of B pairs.
            start: Q candidates of each pair.
            text: Features of B times `sentences` sentences, those of one pair in a row.
            sentences: Sentences per pair.
            mask: `(Q, Q)` bool, True where a query may not look. What the first one may not look at is no origin.

        Returns:
            One state per layer: B samples in layers without text, then B times `sentences`.
        """
        before = after = start.boxes
        fixed = start.fixed[..., None]
        content = self.evidence(pyramid, before, after)
        if self.region is not None:
            content = content + fixed * self.region
        described = None if self.describer is None else self.describer(content)
        tokens, extent = pyramid.tokens(), pyramid.extent
        levels = LevelTables.of(pyramid.shapes * 2, tokens.device)
        states, alignment = [], None
        for index, (layer, refine) in enumerate(zip(self.layers, self.refine, strict=True)):
            if index == self.text_from_layer:
                content, before, after, extent, fixed = (
                    item.repeat_interleave(sentences, dim=0) for item in (content, before, after, extent, fixed)
                )
            with_text = index >= self.text_from_layer
            references = torch.stack([before] * self.num_levels + [after] * self.num_levels, dim=2)
            position = self.position(before, after, extent)
            if index == self.text_from_layer:
                facts = [self.position.geometry(before, after, extent)]
                content = content + self.place(facts[0])
                if described is not None:
                    facts.append(described.repeat_interleave(sentences, dim=0))
                alignment = None if self.alignment is None else self.alignment(content, facts, text)
            content = layer(content, position, references, tokens, levels, mask, text if with_text else None)
            delta = refine(self.norm(content)).float()
            new_before = torch.where(fixed, before, (inverse_sigmoid(before) + delta[..., :4]).sigmoid())
            new_after = torch.where(fixed, after, (inverse_sigmoid(after) + delta[..., 4:]).sigmoid())
            state = LayerState(self.norm(content), new_before, new_after, with_text, alignment)
            before, after = new_before.detach(), new_after.detach()
            if self.origins is not None and index == self.text_from_layer - 1:
                sources = torch.ones_like(fixed[0, :, 0]) if mask is None else ~mask[0]
                content, before, origins = self.origins(pyramid, content, before, after, sources)
                state = state._replace(origins=origins)
            states.append(state)
        return states
