"""Names and colours of changes as an extra lesson for the evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.models.across_processes import loss_divisors, union_anywhere
from difftracker.registry import MODELS

Description = tuple[str | None, ...]


@MODELS.register_module()
class ChangeDescriber(BaseModule):
    """Asks of the pooled evidence in true boxes what stood there, what stands there now, and of which colour.

    A sentence that names a thing teaches its name only where the pair offers another choice; the annotation names every
    change. Each attribute is told from the others that occur in the batch by its similarity to their encoded words
    (contrastive, as in GLIP, arXiv 2112.03857), by the encoder that reads the sentences, so that names of things in
    sentences and in pictures come to lie together. The guesses are then facts that a sentence can be compared with.

    Args:
        embed_dims: Width of the evidence and of sentence vectors.
        loss_weight: Weight of the loss.
        vocabulary: Names that each name is told from besides those of the batch. A batch holds few, and does not teach
            to rule out what it lacks.
    """

    ATTRIBUTES = 4
    NAMES = (0, 1)

    def __init__(self, embed_dims: int = 192, loss_weight: float = 1.0, vocabulary: Sequence[str] = ()) -> None:
        super().__init__()
        self.loss_weight = loss_weight
        self.vocabulary = frozenset(vocabulary)
        self.out_channels = self.ATTRIBUTES * embed_dims
        self.project = nn.Linear(embed_dims, self.ATTRIBUTES * embed_dims)
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def forward(self, evidence: Tensor) -> Tensor:
        """Guesses the attributes: `(B, Q, embed_dims)` -> `(B, Q, out_channels)`, numbers of about unit size."""
        vectors = self._guess(evidence)
        return (vectors * vectors.shape[-1] ** 0.5).flatten(-2).to(evidence.dtype)

    def _guess(self, evidence: Tensor) -> Tensor:
        vectors = self.project(evidence).unflatten(-1, (self.ATTRIBUTES, -1))
        return F.normalize(vectors.float(), dim=-1)

    def loss(
        self,
        evidence: Tensor,
        descriptions: Sequence[Sequence[Description]],
        encode: Callable[[list[str]], Tensor],
    ) -> dict[str, Tensor]:
        """Computes the loss of a batch.

        Args:
            evidence: `(B, N, embed_dims)` of the true boxes of B pairs, padded to N.
            descriptions: For each pair one description per change: name before, name after, colour before, colour
                after, each None where unknown or where nothing stands there.
            encode: Maps V texts to `(V, embed_dims)` vectors.
        """
        vectors = self._guess(evidence)
        known = [
            [
                (row, column, change[attribute])
                for row, changes in enumerate(descriptions)
                for column, change in enumerate(changes)
                if change[attribute] is not None
            ]
            for attribute in range(self.ATTRIBUTES)
        ]
        # Those of all processes, so that together they compute the loss of the joint batch.
        words = union_anywhere(
            [
                {word for _, _, word in items} | (self.vocabulary if items and attribute in self.NAMES else set())
                for attribute, items in enumerate(known)
            ]
        )
        counts = loss_divisors(*(torch.tensor(len(items), device=vectors.device) for items in known))
        total = (vectors.sum() + self.log_scale) * 0
        told = [attribute for attribute in range(self.ATTRIBUTES) if len(words[attribute]) > 1]
        for attribute in told:
            place = {word: index for index, word in enumerate(words[attribute])}
            goal = F.normalize(encode(words[attribute]).float(), dim=-1)
            rows, columns, texts = zip(*known[attribute], strict=True) if known[attribute] else ((), (), ())
            target = torch.tensor([place[text] for text in texts], dtype=torch.long, device=vectors.device)
            rows, columns = (torch.tensor(item, dtype=torch.long, device=vectors.device) for item in (rows, columns))
            own = vectors[rows, columns, attribute]
            logits = own @ goal.T * self.log_scale.exp()
            total = total + F.cross_entropy(logits, target, reduction='sum') / counts[attribute]
        return {'loss_describe': total / max(len(told), 1) * self.loss_weight}
