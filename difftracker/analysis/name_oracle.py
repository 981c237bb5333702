"""What a model would answer if it knew the names of what has changed."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from difftracker.models.detectors.difftracker import DiffTracker
from difftracker.models.heads.change_describer import ChangeDescriber

from .described_changes import DescribedChanges


class NameOracle:
    """Puts the true names in the place of the guessed ones, for candidates that lie on a true change.

    A control: it bounds from above what better knowledge of names is worth to weights that are as they are. Boxes,
    kinds, colours and the reading of the sentence stay the model's own.

    Args:
        model: Is changed from now on: it answers pairs with truth only.

    Raises:
        ConfigError: The model guesses no names.
    """

    def __init__(self, model: DiffTracker) -> None:
        self.encode = model.text_encoder
        self.changes = DescribedChanges(model)
        model.decoder.describer.register_forward_hook(self._tell)

    def _tell(self, describer: nn.Module, args: tuple, guesses: Tensor) -> Tensor:
        told = guesses.unflatten(-1, (describer.ATTRIBUTES, -1)).clone()
        descriptions = self.changes.descriptions
        rows_per_pair = len(told) // len(descriptions)
        for attribute in ChangeDescriber.NAMES:
            for row in range(len(told)):
                pair = row // rows_per_pair
                names = [change[attribute] for change in descriptions[pair]]
                if not names:
                    continue
                overlap, change = self.changes.overlaps(row, pair, attribute).max(dim=1)
                for query in (overlap >= DescribedChanges.ON_A_CHANGE).nonzero().flatten().tolist():
                    name = names[int(change[query])]
                    if name is not None:
                        vector = F.normalize(self.encode([name]).sentence[0].float(), dim=-1)
                        told[row, query, attribute] = (vector * len(vector) ** 0.5).to(told)
        return told.flatten(-2)
