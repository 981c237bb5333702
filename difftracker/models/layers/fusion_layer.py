"""Two-way attention between image tokens and words."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FusionLayer(nn.Module):
    """Image tokens read the words and the words read the image, each through multi-head attention.

    The role of the feature enhancer's cross-attention in Grounding DINO (arXiv 2303.05499); layer scales start small
    so that pretrained image features are not disturbed at first.

    Args:
        embed_dims: Channels of image tokens and words.
        num_heads: Attention heads.
        update_words: Let the words read the image; without it they pass unchanged.
    """

    def __init__(self, embed_dims: int, num_heads: int = 4, update_words: bool = True) -> None:
        super().__init__()
        self.image_norm = nn.LayerNorm(embed_dims)
        self.text_norm = nn.LayerNorm(embed_dims)
        self.image_reads = nn.MultiheadAttention(embed_dims, num_heads, batch_first=True)
        self.image_scale = nn.Parameter(torch.full((embed_dims,), 0.1))
        self.text_reads = None
        if update_words:
            self.text_reads = nn.MultiheadAttention(embed_dims, num_heads, batch_first=True)
            self.text_scale = nn.Parameter(torch.full((embed_dims,), 0.1))

    def forward(self, image: Tensor, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Fuses both sides.

        Args:
            image: `(N, S, C)` image tokens.
            words: `(N, L, C)` token features.
            mask: `(N, L)` bool, True at real tokens.

        Returns:
            Updated image tokens and words.
        """
        image_query, text_query = self.image_norm(image), self.text_norm(words)
        seen, _ = self.image_reads(image_query, text_query, text_query, key_padding_mask=~mask, need_weights=False)
        image = image + self.image_scale * seen
        if self.text_reads is None:
            return image, words
        read, _ = self.text_reads(text_query, image_query, image_query, need_weights=False)
        return image, words + self.text_scale * read
