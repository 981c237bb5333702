"""Pyramid neck with optional vision-language fusion and deformable self-attention."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.models.layers.deformable_encoder_layer import DeformableEncoderLayer
from difftracker.models.layers.fusion_layer import FusionLayer
from difftracker.models.layers.level_tables import LevelTables
from difftracker.models.text import TextFeatures
from difftracker.registry import MODELS


class _ConvBlock(nn.Module):
    """Depthwise 3x3 then pointwise convolution with a residual connection."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm = nn.GroupNorm(8, channels)
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.project = nn.Conv2d(2 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps `(B, C, H, W)` to the same shape."""
        return x + self.project(F.gelu(self.expand(self.norm(self.depthwise(x)))))


@MODELS.register_module()
class VisionLanguageNeck(BaseModule):
    """Builds one pyramid per image out of the difference features, optionally with the sentence mixed in.

    The stride-4 stage is folded into stride 8 (small changes live there), then a top-down pass spreads context. Where
    `fusion_layers` is above 0, image and text tokens attend to one another both ways, as in Grounding DINO
    (arXiv 2303.05499), followed by deformable self-attention over the pyramid. The small models leave both out: their
    text enters in the decoder, so that many sentences share one image pass.

    Args:
        in_channels: Channels of the stages at strides 4, 8, 16 and 32.
        embed_dims: Channels of the pyramid.
        fusion_layers: Rounds of two-way fusion with the text.
        encoder_layers: Rounds of deformable self-attention.
    """

    def __init__(
        self, in_channels: tuple[int, ...], embed_dims: int = 128, fusion_layers: int = 0, encoder_layers: int = 0
    ) -> None:
        super().__init__()
        self.fold = nn.Conv2d(in_channels[0] * 4, embed_dims, 1)
        self.lateral = nn.ModuleList(nn.Conv2d(channels, embed_dims, 1) for channels in in_channels[1:])
        self.blocks = nn.ModuleList(_ConvBlock(embed_dims) for _ in in_channels[1:])
        # Nothing reads the words after the last round.
        self.fusion = nn.ModuleList(
            FusionLayer(embed_dims, update_words=index < fusion_layers - 1) for index in range(fusion_layers)
        )
        self.encoder = nn.ModuleList(
            DeformableEncoderLayer(embed_dims, len(in_channels) - 1) for _ in range(encoder_layers)
        )

    @property
    def uses_text(self) -> bool:
        """True when the maps depend on the sentence, so that each sentence needs its own pass."""
        return len(self.fusion) > 0

    def pyramid(self, maps: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Builds the text-free pyramid: `(N, C_i, H/s, W/s)` at strides 4 to 32 -> `(N, C, H/s, W/s)` at 8 to 32."""
        fine = self.fold(F.pixel_unshuffle(maps[0], 2))
        laterals = [conv(x) for conv, x in zip(self.lateral, maps[1:], strict=True)]
        laterals[0] = laterals[0] + fine
        outputs = [self.blocks[-1](laterals[-1])]
        for level in range(len(laterals) - 2, -1, -1):
            context = F.interpolate(outputs[0], size=laterals[level].shape[-2:], mode='nearest')
            outputs.insert(0, self.blocks[level](laterals[level] + context))
        return tuple(outputs)

    def forward(self, maps: tuple[Tensor, ...], text: TextFeatures | None = None) -> tuple[Tensor, ...]:
        """Builds the pyramid.

        Args:
            maps: `(N, C_i, H/s, W/s)` at strides 4, 8, 16 and 32.
            text: Features of N sentences, needed where `uses_text`.

        Returns:
            `(N, C, H/s, W/s)` at strides 8, 16 and 32.
        """
        levels = self.pyramid(maps)
        if not self.fusion and not self.encoder:
            return levels
        shapes = [level.shape[-2:] for level in levels]
        tokens = torch.cat([level.flatten(2).transpose(1, 2) for level in levels], dim=1)
        tables = LevelTables.of(shapes, tokens.device)
        words = None if text is None else text.tokens
        for layer in self.fusion:
            tokens, words = layer(tokens, words, text.mask)
        for layer in self.encoder:
            tokens = layer(tokens, tables)
        pieces = tokens.split([height * width for height, width in shapes], dim=1)
        return tuple(
            piece.transpose(1, 2).unflatten(2, tuple(shape)) for piece, shape in zip(pieces, shapes, strict=True)
        )
