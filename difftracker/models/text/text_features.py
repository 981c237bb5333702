"""What the text encoder hands to the neck and the decoder."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class TextFeatures(NamedTuple):
    """Features of T sentences.

    Attributes:
        tokens: `(T, L, C)` token features.
        mask: `(T, L)` bool, True at real tokens.
        sentence: `(T, C)` mean of the real tokens.
    """

    tokens: Tensor
    mask: Tensor
    sentence: Tensor
