"""Compares candidates with a sentence, attribute by attribute."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from difftracker.models.text import TextFeatures


class SentenceAlignment(nn.Module):
    """What the sentence says of an attribute, times what the candidate shows of it.

    Attention adds words to a candidate; whether they *fit* the candidate is a product of the two, which a perceptron
    on their sum learns slowly: without this part and without the position in the content, our model told kinds of
    change apart and was at chance between left and right and between names. A learned query per attribute (name,
    colour, place, kind, ...: what each one becomes is up to training) reads the words it is about; the products go to
    the match branch.

    Args:
        embed_dims: Width of candidates and words.
        attributes: Number of attributes.
        facts: Widths of what is given beside the candidate's features, for example bare numbers of place and size.
        width: Channels per attribute.
    """

    def __init__(self, embed_dims: int, attributes: int = 8, facts: tuple[int, ...] = (), width: int = 32) -> None:
        super().__init__()
        self.query = nn.Parameter(torch.randn(attributes, embed_dims) * embed_dims**-0.5)
        self.key = nn.Linear(embed_dims, embed_dims)
        self.wanted = nn.Parameter(torch.randn(attributes, embed_dims, width) * embed_dims**-0.5)
        self.norm = nn.LayerNorm(embed_dims)
        self.shown = nn.Linear(embed_dims, attributes * width)
        # Ways of their own, since among the many features of a normalised candidate a single fact is a whisper.
        self.stated = nn.ModuleList(nn.Linear(size, attributes * width) for size in facts)

    def forward(self, candidates: Tensor, facts: Sequence[Tensor], text: TextFeatures) -> Tensor:
        """Compares.

        Args:
            candidates: `(N, Q, embed_dims)` candidates that have not read the sentence.
            facts: One `(N, Q, width)` per entry of `facts`, numbers of about unit size.
            text: Features of N sentences.

        Returns:
            `(N, Q, attributes * width)`.
        """
        logits = (self.key(text.tokens) @ self.query.T).float()
        weight = logits.masked_fill(~text.mask[..., None], float('-inf')).softmax(dim=1).to(text.tokens.dtype)
        words = torch.einsum('nla,nlc->nac', weight, text.tokens)
        wanted = torch.einsum('nac,acw->naw', words, self.wanted).flatten(1)
        shown = self.shown(self.norm(candidates))
        for layer, fact in zip(self.stated, facts, strict=True):
            shown = shown + layer(fact)
        return shown * wanted[:, None]
