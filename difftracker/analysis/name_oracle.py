"""What a model would answer if it knew the names of what has changed."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from difftracker.errors import ConfigError
from difftracker.models.detectors.difftracker import DiffTracker
from difftracker.models.heads.candidates import Candidates
from difftracker.models.layers.box_ops import aligned_iou, cxcywh_to_xyxy
from difftracker.models.targets import PairTargets


class NameOracle:
    """Puts the true names in the place of the guessed ones, for candidates that lie on a true change.

    A control: it bounds from above what better knowledge of names is worth to weights that are as they are. Boxes,
    kinds, colours and the reading of the sentence stay the model's own.

    Args:
        model: Is changed from now on: it answers pairs with truth only.

    Raises:
        ConfigError: The model guesses no names.
    """

    # From this overlap on a candidate is about the change: it will still be refined.
    ON_A_CHANGE = 0.4

    def __init__(self, model: DiffTracker) -> None:
        if model.decoder.describer is None:
            raise ConfigError('expected a model whose decoder has a describer, which guesses names, found one without')
        self.encode = model.text_encoder
        self.targets: PairTargets | None = None
        self.descriptions: list = []
        self.boxes = torch.zeros(0)
        model.register_forward_pre_hook(self._note_truth, with_kwargs=True)
        model.decoder.register_forward_pre_hook(self._note_candidates)
        model.decoder.describer.register_forward_hook(self._tell)

    def _note_truth(self, model: nn.Module, args: tuple, kwargs: dict) -> None:
        inputs, samples = kwargs['inputs'], kwargs['data_samples']
        self.targets = PairTargets.from_samples(samples, tuple(inputs.shape[-2:]), inputs.device)
        self.descriptions = [sample.gt_changes.descriptions for sample in samples]

    def _note_candidates(self, decoder: nn.Module, args: tuple) -> None:
        start: Candidates = args[1]
        self.boxes = cxcywh_to_xyxy(start.boxes)

    def _tell(self, describer: nn.Module, args: tuple, guesses: Tensor) -> Tensor:
        told = guesses.unflatten(-1, (describer.ATTRIBUTES, -1)).clone()
        rows_per_pair = len(told) // len(self.descriptions)
        # The first attributes of a description are its names before and after.
        for attribute, boxes in enumerate((self.targets.before_boxes, self.targets.after_boxes)):
            for row in range(len(told)):
                pair = row // rows_per_pair
                names = [change[attribute] for change in self.descriptions[pair]]
                if not names:
                    continue
                true = cxcywh_to_xyxy(boxes[pair, : len(names)])
                overlap, change = aligned_iou(self.boxes[row][:, None], true[None])[0].max(dim=1)
                for query in (overlap >= self.ON_A_CHANGE).nonzero().flatten().tolist():
                    name = names[int(change[query])]
                    if name is not None:
                        vector = F.normalize(self.encode([name]).sentence[0].float(), dim=-1)
                        told[row, query, attribute] = (vector * len(vector) ** 0.5).to(told)
        return told.flatten(-2)
