"""What is known of the changes that a model's candidates lie on, while the model answers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from difftracker.errors import ConfigError
from difftracker.models.detectors.difftracker import DiffTracker
from difftracker.models.heads.candidates import Candidates
from difftracker.models.layers.box_ops import aligned_iou, cxcywh_to_xyxy
from difftracker.models.targets import PairTargets


class DescribedChanges:
    """Notes the truth and the candidates of each batch that a model answers, until its describer speaks.

    Args:
        model: Is watched from now on: it answers pairs with truth only.

    Attributes:
        descriptions: Of each pair of the batch, the descriptions of its changes, as `ChangeDescriber` has them.

    Raises:
        ConfigError: The model guesses no names.
    """

    # From this overlap on a candidate is about the change: it will still be refined.
    ON_A_CHANGE = 0.4

    def __init__(self, model: DiffTracker) -> None:
        if model.decoder.describer is None:
            raise ConfigError('expected a model whose decoder has a describer, which guesses names, found one without')
        self.descriptions: list = []
        self._targets: PairTargets | None = None
        self._boxes = torch.zeros(0)
        model.register_forward_pre_hook(self._note_truth, with_kwargs=True)
        model.decoder.register_forward_pre_hook(self._note_candidates)

    def _note_truth(self, model: nn.Module, args: tuple, kwargs: dict) -> None:
        inputs, samples = kwargs['inputs'], kwargs['data_samples']
        self._targets = PairTargets.from_samples(samples, tuple(inputs.shape[-2:]), inputs.device)
        self.descriptions = [sample.gt_changes.descriptions for sample in samples]

    def _note_candidates(self, decoder: nn.Module, args: tuple) -> None:
        start: Candidates = args[1]
        self._boxes = cxcywh_to_xyxy(start.boxes)

    def overlaps(self, row: int, pair: int, attribute: int) -> Tensor:
        """Returns the IoU `(Q, N)` of a row's candidates with the N changes of a pair.

        Args:
            row: Row of the candidates.
            pair: Their pair in the batch.
            attribute: 0 for what stood there before, 1 for what stands there after: says in which frame to compare.
        """
        boxes = (self._targets.before_boxes, self._targets.after_boxes)[attribute]
        true = cxcywh_to_xyxy(boxes[pair, : len(self.descriptions[pair])])
        return aligned_iou(self._boxes[row][:, None], true[None])[0]
