"""One layer of the text-conditioned decoder."""

from __future__ import annotations

from torch import Tensor, nn

from difftracker.models.text import TextFeatures

from .deformable_attention import BoxDeformableAttention
from .level_tables import LevelTables
from .mlp import MLP


class DecoderLayer(nn.Module):
    """Self-attention, text cross-attention, deformable image cross-attention, feed-forward; pre-norm.

    The order of Grounding DINO's decoder (arXiv 2303.05499). A layer without text serves all sentences of a pair at
    once; a layer with text runs once per sentence, its image cross-attention still over one set of image tokens.

    Args:
        embed_dims: Width of the queries.
        value_dims: Channels of the image tokens.
        num_levels: Levels of both pyramids together.
        num_heads: Attention heads.
        num_points: Samples per head and level.
        with_text: Whether the layer reads the sentence.
        dropout: Dropout after each attention and inside the feed-forward.
    """

    def __init__(
        self,
        embed_dims: int,
        value_dims: int,
        num_levels: int,
        num_heads: int,
        num_points: int,
        with_text: bool,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.self_norm = nn.LayerNorm(embed_dims)
        self.self_attention = nn.MultiheadAttention(embed_dims, num_heads, dropout=dropout, batch_first=True)
        self.text_attention = None
        if with_text:
            self.text_norm = nn.LayerNorm(embed_dims)
            self.text_attention = nn.MultiheadAttention(embed_dims, num_heads, dropout=dropout, batch_first=True)
        self.image_norm = nn.LayerNorm(embed_dims)
        self.image_attention = BoxDeformableAttention(embed_dims, value_dims, num_levels, num_heads, num_points)
        self.ffn_norm = nn.LayerNorm(embed_dims)
        self.ffn = MLP(embed_dims, 3 * embed_dims, embed_dims)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self,
        content: Tensor,
        position: Tensor,
        references: Tensor,
        tokens: Tensor,
        levels: LevelTables,
        mask: Tensor | None,
        text: TextFeatures | None,
    ) -> Tensor:
        """Updates the queries.

        Args:
            content, position: `(N, Q, C)`; N is the number of pairs, or of pairs times sentences.
            references: `(N, Q, num_levels, 4)` cxcywh boxes as fractions of the canvas.
            tokens: `(B, S, value_dims)` image tokens; N is a multiple of B, the sentences of a pair in a row.
            levels: Where each level lies in the tokens of a pair.
            mask: `(Q, Q)` bool, True where a query may not look, or None.
            text: Features of N sentences, for a layer with text.
        """
        query = self.self_norm(content)
        where = query + position
        seen, _ = self.self_attention(where, where, query, attn_mask=mask, need_weights=False)
        content = content + self.dropout(seen)
        if self.text_attention is not None:
            query = self.text_norm(content) + position
            seen, _ = self.text_attention(
                query, text.tokens, text.tokens, key_padding_mask=~text.mask, need_weights=False
            )
            content = content + self.dropout(seen)
        batch, count = len(tokens), content.shape[1]
        query = (self.image_norm(content) + position).view(batch, -1, content.shape[-1])
        seen = self.image_attention(query, references.reshape(batch, -1, *references.shape[2:]), tokens, levels)
        content = content + self.dropout(seen.view(-1, count, content.shape[-1]))
        return content + self.dropout(self.ffn(self.ffn_norm(content)))
