"""How often a model guesses the name of what has changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from difftracker.errors import ConfigError
from difftracker.models.detectors.difftracker import DiffTracker
from difftracker.models.heads.change_describer import ChangeDescriber

from .described_changes import DescribedChanges


class NameGuess(NamedTuple):
    """One guess.

    Attributes:
        attribute: 0 for the thing before, 1 for the thing after.
        true: What stands there.
        guessed: The name that the guess is nearest to.
        rank: Place of the true name among all, from 0.
    """

    attribute: int
    true: str
    guessed: str
    rank: int


class NameProbe:
    """Collects what the describer guesses for candidates that lie on a true change.

    For each change with a name in either image, the candidate that overlaps it best is asked; a change that no
    candidate lies on is passed over, so that this is about names alone.

    Args:
        model: Is watched from now on: it answers pairs with truth only.
        vocabulary: The names that each is told from.

    Attributes:
        guesses: What has been collected.

    Raises:
        ConfigError: The model guesses no names, or there are fewer than two to tell apart.
    """

    def __init__(self, model: DiffTracker, vocabulary: Sequence[str]) -> None:
        if len(set(vocabulary)) < 2:
            raise ConfigError(f'expected at least two names to tell apart, found {sorted(set(vocabulary))}')
        self.changes = DescribedChanges(model)
        self.vocabulary = sorted(set(vocabulary))
        self.guesses: list[NameGuess] = []
        with torch.no_grad():
            self._vectors = F.normalize(model.text_encoder(self.vocabulary).sentence.float(), dim=-1)
        model.decoder.describer.register_forward_hook(self._collect)

    def _collect(self, describer: nn.Module, args: tuple, guesses: Tensor) -> None:
        own = guesses.unflatten(-1, (describer.ATTRIBUTES, -1)).float()
        descriptions = self.changes.descriptions
        rows_per_pair = len(own) // len(descriptions)
        for attribute in ChangeDescriber.NAMES:
            for pair, changes in enumerate(descriptions):
                if not changes:
                    continue
                row = pair * rows_per_pair
                overlap, query = self.changes.overlaps(row, pair, attribute).max(dim=0)
                for place, change in enumerate(changes):
                    if change[attribute] in self.vocabulary and overlap[place] >= DescribedChanges.ON_A_CHANGE:
                        likeness = self._vectors @ own[row, query[place], attribute]
                        self.guesses.append(self._judge(attribute, change[attribute], likeness))

    def _judge(self, attribute: int, true: str, likeness: Tensor) -> NameGuess:
        rank = int((likeness > likeness[self.vocabulary.index(true)]).sum())
        return NameGuess(attribute, true, self.vocabulary[int(likeness.argmax())], rank)

    def report(self) -> dict:
        """Sums up.

        Returns:
            `before` and `after`: each with `guesses`, `first` and `among_three`, the share of true names that come
            first and among the first three (None without guesses); `names`: by name `guesses`, `right` and
            `taken_for`, the wrong name that it gets most often (None where there is none), the most frequent first.
        """
        sides = {}
        for attribute, side in zip(ChangeDescriber.NAMES, ('before', 'after'), strict=True):
            ranks = [guess.rank for guess in self.guesses if guess.attribute == attribute]
            count = len(ranks)
            first, three = (sum(rank < limit for rank in ranks) / count if count else None for limit in (1, 3))
            sides[side] = {'guesses': count, 'first': first, 'among_three': three}
        names = {}
        for name, count in Counter(guess.true for guess in self.guesses).most_common():
            own = [guess for guess in self.guesses if guess.true == name]
            wrong = Counter(guess.guessed for guess in own if guess.rank > 0)
            taken_for = wrong.most_common(1)[0][0] if wrong else None
            names[name] = {'guesses': count, 'right': sum(guess.rank == 0 for guess in own), 'taken_for': taken_for}
        return {**sides, 'names': names}
