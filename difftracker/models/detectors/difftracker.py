"""The detector."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from mmdet.models.detectors.base import BaseDetector
from mmengine.dist import get_world_size
from mmengine.structures import InstanceData
from torch import Tensor

from difftracker.errors import ConfigError
from difftracker.models.across_processes import largest_anywhere, mean_anywhere
from difftracker.models.heads.candidates import Candidates
from difftracker.models.heads.change_describer import Description
from difftracker.models.heads.dense_change_head import DenseOutput
from difftracker.models.heads.text_conditioned_decoder import LayerState
from difftracker.models.layers.box_ops import cxcywh_to_xyxy, inside_better, repeats_region, suppress_overlaps
from difftracker.models.layers.denoising import make_denoising_queries
from difftracker.models.layers.equal_regions import without_difference
from difftracker.models.layers.pair_pyramid import PairPyramid
from difftracker.models.targets import PairTargets
from difftracker.models.text import TextFeatures
from difftracker.registry import MODELS
from difftracker.structures.pair_data_sample import PairDataSample
from difftracker.structures.score_calibration import ScoreCalibration
from difftracker.utils.warped_boxes import warp_boxes


@MODELS.register_module()
class DiffTracker(BaseDetector):
    """Image difference grounding: a pair and sentences in, boxes of the changes asked for out.

    After DiffTracker (arXiv 2504.01952): a differential backbone, a vision-language neck, a text-conditioned decoder.

    Args:
        backbone, text_encoder, neck, dense_head, decoder, head: Configs of the parts.
        denoising: `positive_noise` and `negative_noise` of the denoising queries, None for none.
        blank_text: Replace every sentence by one constant: the text-off ablation.
        max_per_query: Boxes kept per sentence.
        answer_iou: Of two boxes of one answer that overlap by more than this, the lower-scored one is dropped.
        answer_share: Of two boxes of one answer that share more than this part of the smaller one, the lower-scored one
            is hardly believed any more, unless it is a region of differing pixels.
        calibration: `temperature` and `bias` of the `ScoreCalibration` that the scores of answers go through; None
            leaves them as they are. The order of boxes is the same with and without, but for those that
            `answer_share` is about.
        data_preprocessor, init_cfg: As in mmdet.
    """

    BLANK = 'change'
    # The backbone's deepest stages, which tell what a thing is.
    SEMANTIC_STAGES = 2

    def __init__(
        self,
        backbone: dict,
        text_encoder: dict,
        neck: dict,
        dense_head: dict,
        decoder: dict,
        head: dict,
        denoising: dict | None = None,
        blank_text: bool = False,
        max_per_query: int = 20,
        answer_iou: float = 0.6,
        answer_share: float = 0.8,
        calibration: dict | None = None,
        data_preprocessor: dict | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.backbone = MODELS.build(backbone)
        self.text_encoder = MODELS.build(text_encoder)
        self.neck = MODELS.build(neck)
        self.dense_head = MODELS.build(dense_head)
        self.decoder = MODELS.build(decoder)
        self.head = MODELS.build(head)
        if self.decoder.origins is not None and 'move' not in self.head.kinds:
            raise ConfigError(
                f"DiffTracker.head.kinds: expected 'move' among them for decoder.origins, found {self.head.kinds}"
            )
        # Layers that read no sentence never score it. A parameter that is said to train and gets no gradient would
        # hold up training in several processes.
        for index in range(self.decoder.text_from_layer):
            self.head.match[index].requires_grad_(False)
            self.head.none[index].requires_grad_(False)
        self.denoising = denoising
        self.blank_text = blank_text
        self.max_per_query = max_per_query
        self.answer_iou = answer_iou
        self.answer_share = answer_share
        self.calibration = None if calibration is None else ScoreCalibration(**calibration)

    def extract_feat(self, batch_inputs: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Difference and backbone features of `(B, 2, 3, H, W)`: `(2B, C, H/s, W/s)` per stage, before frames first."""
        return self.backbone(batch_inputs)

    def encode_text(self, samples: list[PairDataSample], least: int = 1) -> tuple[TextFeatures, int]:
        """Encodes the sentences of all pairs, padded to the same number per pair by repeating the last one.

        Args:
            samples: The pairs.
            least: Smallest number to pad to.

        Returns:
            Features of B * S sentences and S, at least 1: a pair without sentences is padding alone.
        """
        sentences = max([least, *(len(sample.texts) for sample in samples)])
        texts = []
        for sample in samples:
            own = [self.BLANK] * len(sample.texts) if self.blank_text else list(sample.texts)
            texts += own + (own or [self.BLANK])[-1:] * (sentences - len(own))
        return self.text_encoder(texts), sentences

    def build_pyramid(
        self, inputs: Tensor, samples: list[PairDataSample], text: TextFeatures, sentences: int
    ) -> tuple[PairPyramid, int]:
        """Runs backbone and neck.

        Returns:
            The pyramid and the number of sentences per row of it: S where the neck does not read the text, else 1,
            with one row per sentence.
        """
        maps, own = self.extract_feat(inputs)
        kept = own[-self.SEMANTIC_STAGES :] if self.decoder.evidence.semantics is not None else ()
        semantic = [tuple(m.chunk(2)[side] for m in kept) for side in (0, 1)]
        colours = F.avg_pool2d(inputs.flatten(0, 1), 4).unflatten(0, (-1, 2))
        extent = self._extent(samples, inputs)
        if self.neck.uses_text:
            batch = len(inputs)
            maps = tuple(m.unflatten(0, (2, batch)).repeat_interleave(sentences, 1).flatten(0, 1) for m in maps)
            semantic = [tuple(m.repeat_interleave(sentences, 0) for m in side) for side in semantic]
            words = TextFeatures(*(torch.cat([item, item]) for item in text))
            levels = self.neck(maps, words)
            colours, extent = colours.repeat_interleave(sentences, 0), extent.repeat_interleave(sentences, 0)
            sentences = 1
        else:
            levels = self.neck(maps)
        before, after = zip(*(level.chunk(2) for level in levels), strict=True)
        return PairPyramid(before, after, colours[:, 0], colours[:, 1], extent, *semantic), sentences

    @staticmethod
    def _extent(samples: list[PairDataSample], inputs: Tensor) -> Tensor:
        """Picture size as fractions of the canvas, `(B, 2, 2)`: before and after, width and height."""
        height, width = inputs.shape[-2:]
        rows = []
        for sample in samples:
            sides = ((sample.ori_shape_before, sample.before_scale), (sample.ori_shape_after, sample.after_scale))
            rows.append([[shape[1] * scale / width, shape[0] * scale / height] for shape, scale in sides])
        return torch.tensor(rows, dtype=torch.float32, device=inputs.device).clamp(max=1)

    def loss(self, batch_inputs: Tensor, batch_data_samples: list[PairDataSample]) -> dict[str, Tensor]:
        """Losses of a batch of pairs with their sentences.

        Args:
            batch_inputs: `(B, 2, 3, H, W)` normalised pairs.
            batch_data_samples: B samples with truth.
        """
        # Several processes must take the same branches and pad alike, whichever of them has the pairs with changes: a
        # sum over all is only complete when all add to it, and each parameter must get a gradient, be it zero.
        samples = batch_data_samples
        own = (
            max(len(sample.gt_changes) for sample in samples),
            max(1, *(len(sample.texts) for sample in samples)),
            min(self.decoder.region_queries, max(len(sample.get('regions', ())) for sample in samples)),
        )
        changes, sentences, regions = largest_anywhere(own, batch_inputs.device)
        text, sentences = self.encode_text(samples, sentences)
        pyramid, per_row = self.build_pyramid(batch_inputs, samples, text, sentences)
        canvas = tuple(batch_inputs.shape[-2:])
        slots = changes if get_world_size() == 1 else max(changes, 1)
        targets = PairTargets.from_samples(samples, canvas, batch_inputs.device, (slots, sentences))
        if per_row != sentences:
            targets = targets.repeat(sentences)
        dense = self.dense_head(pyramid.after, text if self.neck.uses_text else None)
        losses = self.dense_head.loss(dense, targets)
        if self.decoder.describer is not None and targets.after_boxes.shape[1]:
            losses.update(self._describe(pyramid, targets, batch_data_samples))
        start, mask, noise = self._candidates(dense, samples, canvas, regions), None, None
        if self.denoising is not None and changes:
            extra = make_denoising_queries(targets, **self.denoising)
            noise = (extra.assigned, extra.usable)
            mask = self._group_mask(start.boxes.shape[1], extra.boxes.shape[1], batch_inputs.device)
            start = start.and_movable(extra.boxes)
        states = self.decoder(pyramid, start, text, per_row, mask)
        losses.update(self.head.loss(states, text.sentence, targets, noise))
        return losses

    def parse_losses(self, losses: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Sums the losses up; what goes to the log is the mean over all processes, the losses of the joint batch."""
        total, log = super().parse_losses(losses)
        return total, mean_anywhere(log)

    def _describe(self, pyramid: PairPyramid, targets: PairTargets, samples: list[PairDataSample]) -> dict[str, Tensor]:
        evidence = self.decoder.evidence(pyramid, targets.before_boxes, targets.after_boxes)
        evidence = evidence[:: len(evidence) // len(samples)]
        descriptions = [self._seen(sample.gt_changes) for sample in samples]
        return self.decoder.describer.loss(evidence, descriptions, lambda texts: self.text_encoder(texts).sentence)

    @staticmethod
    def _seen(changes: InstanceData) -> list[Description]:
        """Names and colours of what is in view; augmentation may have moved a place out of either image."""
        views = zip(changes.descriptions, changes.valid_before.tolist(), changes.valid_after.tolist(), strict=True)
        return [
            tuple(word if visible else None for word, visible in zip(words, (before, after) * 2, strict=True))
            for words, before, after in views
        ]

    @staticmethod
    def _group_mask(queries: int, extra: int, device: torch.device) -> Tensor:
        """Hides selected and denoising queries from one another: True where a query may not look."""
        group = torch.arange(queries + extra, device=device) >= queries
        return group[:, None] != group[None]

    def test_step(self, data: dict) -> list[PairDataSample]:
        """Answers a batch as it comes from a data loader.

        Pairs whose canvases differ go through the model apart, and so do pairs that are mostly equal and others: padded
        to one size or to one number of candidates, a pair would get another answer in another company.

        Args:
            data: `inputs` and `data_samples`, one of each per pair.

        Returns:
            The samples with `pred_queries`, in order.
        """
        pairs = list(zip(data['inputs'], data['data_samples'], strict=True))
        groups: dict[tuple, list[int]] = {}
        for index, (pair, sample) in enumerate(pairs):
            key = self.data_preprocessor.canvas(pair, sample), self._region_slots([sample])
            groups.setdefault(key, []).append(index)
        answered: dict[int, PairDataSample] = {}
        for members in groups.values():
            part = {name: [data[name][index] for index in members] for name in ('inputs', 'data_samples')}
            answered.update(zip(members, super().test_step(part), strict=True))
        return [answered[index] for index in range(len(pairs))]

    val_step = test_step

    def predict(self, batch_inputs: Tensor, batch_data_samples: list[PairDataSample]) -> list[PairDataSample]:
        """Answers every sentence of every pair; the samples get `pred_queries`."""
        states, start, text, sentences = self._decode(batch_inputs, batch_data_samples)
        state, scores, kinds, no_change = self.head.predict(states, text.sentence)
        height, width = batch_inputs.shape[-2:]
        size = batch_inputs.new_tensor([width, height, width, height])
        before, after = (cxcywh_to_xyxy(boxes) * size for boxes in (state.before_boxes, state.after_boxes))
        pair = torch.arange(len(after), device=after.device) // sentences
        hull = torch.cat([torch.minimum(before, after)[..., :2], torch.maximum(before, after)[..., 2:]], dim=-1)
        # What differs in the files may be too faint to be seen on a smaller canvas.
        fixed = start.fixed.repeat_interleave(len(after) // len(start.fixed), dim=0)
        scores = scores.masked_fill(without_difference(batch_inputs, hull, pair) & ~fixed, 0)
        equal = (batch_inputs[:, 0] == batch_inputs[:, 1]).flatten(1).all(1)
        no_change = no_change.masked_fill(equal[pair] & ~fixed.any(1), 1)
        # Each of very many regions may be asked for.
        more = max(0, self._region_slots(batch_data_samples) - self.decoder.region_queries)
        keep = min(self.max_per_query + more, scores.shape[1])
        for row, sample in enumerate(batch_data_samples):
            answers = []
            for column in range(len(sample.texts)):
                index = row * sentences + column
                top, order = scores[index].topk(keep)
                ranked = after[index][order][None]
                kept = suppress_overlaps(ranked, top[None], self.answer_iou)
                kept = (kept & ~repeats_region(ranked, fixed[index][order][None]))[0]
                top, order = top[kept], order[kept]
                top = top if self.calibration is None else self.calibration(top)
                # Regions are exact, and one of them within another box is a change of its own more often than not.
                factors = inside_better(ranked[:, kept], self.answer_share)[0].masked_fill(fixed[index][order], 1)
                top, rank = (top * factors).sort(descending=True, stable=True)
                order = order[rank]
                answers.append(
                    InstanceData(
                        metainfo={'no_change_score': float(no_change[index])},
                        boxes=self._to_original(after[index][order], sample.after_scale, sample.ori_shape_after),
                        before_boxes=self._to_original(
                            self._undo_motion(before[index][order], sample),
                            sample.before_scale,
                            sample.ori_shape_before,
                        ),
                        scores=top,
                        kinds=kinds[index][order],
                    )
                )
            sample.pred_queries = answers
        return batch_data_samples

    @staticmethod
    def _undo_motion(boxes: Tensor, sample: PairDataSample) -> Tensor:
        """Moves xyxy boxes of an aligned before image back to where they are in the image as it was."""
        if 'motion' not in sample:
            return boxes
        back = warp_boxes(boxes.float().cpu().numpy(), np.linalg.inv(sample.motion))
        return torch.from_numpy(back).to(boxes)

    @staticmethod
    def _to_original(boxes: Tensor, scale: float, shape: tuple[int, int]) -> Tensor:
        """Maps xyxy canvas pixels to xyxy pixels of the original picture, clipped to it."""
        height, width = shape
        return (boxes / scale).clamp(min=0).minimum(boxes.new_tensor([width, height, width, height]))

    def _region_slots(self, samples: list[PairDataSample]) -> int:
        """Further candidates at inference: as many for every pair that is mostly equal, more only for more regions."""
        if not self.decoder.region_queries or not any('regions' in sample for sample in samples):
            return 0
        return max(self.decoder.region_queries, *(len(sample.get('regions', ())) for sample in samples))

    def _candidates(
        self, dense: DenseOutput, samples: list[PairDataSample], canvas: tuple[int, int], slots: int
    ) -> Candidates:
        """Candidates of the dense head and, before them, up to `slots` regions of each pair."""
        if not slots:
            return self.decoder.select(dense)
        regions = Candidates.of_regions(samples, canvas, dense.boxes.device, slots)
        return self.decoder.select(dense, regions.repeat(len(dense.boxes) // len(samples)))

    def _decode(
        self, inputs: Tensor, samples: list[PairDataSample]
    ) -> tuple[list[LayerState], Candidates, TextFeatures, int]:
        text, sentences = self.encode_text(samples)
        pyramid, per_row = self.build_pyramid(inputs, samples, text, sentences)
        dense = self.dense_head(pyramid.after, text if self.neck.uses_text else None)
        start = self._candidates(dense, samples, tuple(inputs.shape[-2:]), self._region_slots(samples))
        return self.decoder(pyramid, start, text, per_row), start, text, sentences

    def _forward(self, batch_inputs: Tensor, batch_data_samples: list[PairDataSample]) -> tuple[Tensor, ...]:
        """Raw outputs of the last layer: after boxes, before boxes, match logits, no-change logits."""
        states, _, text, _ = self._decode(batch_inputs, batch_data_samples)
        scores = self.head.score(len(states) - 1, states[-1], text.sentence)
        return states[-1].after_boxes, states[-1].before_boxes, scores.match, scores.none
