"""Siamese backbone with a difference module at every output stage."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from difftracker.errors import ConfigError
from difftracker.registry import MODELS


@MODELS.register_module()
class DifferentialBackbone(BaseModule):
    """Runs both images through one backbone as a single batch of 2B and compares them at each stage.

    The Differential Vision Backbone of DiffTracker (arXiv 2504.01952): the paper puts its difference module at every
    stage; how its output is used is not public. Ours goes to the pyramid and not back into the backbone, so that
    pretrained stages see the statistics they were trained on.

    Args:
        backbone: Config of any registered backbone that returns one map per stage.
        difference: Config of the difference modules, or a list of one config per stage; `in_channels`, `out_channels`
            (and `window`, where a single config gives a list of one number per stage) are filled in for each stage.
        in_channels: Channels of the backbone's maps.
        out_channels: Channels of the difference features of each stage.

    Raises:
        ConfigError: The lists have different numbers of stages.
    """

    def __init__(
        self,
        backbone: dict,
        difference: dict | Sequence[dict],
        in_channels: tuple[int, ...],
        out_channels: tuple[int, ...],
    ) -> None:
        super().__init__()
        if len(in_channels) != len(out_channels):
            raise ConfigError(
                f'DifferentialBackbone: in_channels has {len(in_channels)} stages, out_channels {len(out_channels)}'
            )
        stages = difference
        if isinstance(difference, dict):
            stages = [
                {key: value[stage] if key == 'window' else value for key, value in difference.items()}
                for stage in range(len(in_channels))
            ]
        if len(stages) != len(in_channels):
            raise ConfigError(
                f'DifferentialBackbone: in_channels has {len(in_channels)} stages, difference {len(stages)}'
            )
        self.backbone = MODELS.build(backbone)
        self.difference = nn.ModuleList(
            MODELS.build(dict(settings, in_channels=inputs, out_channels=outputs))
            for settings, inputs, outputs in zip(stages, in_channels, out_channels, strict=True)
        )

    def forward(self, inputs: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Extracts difference features.

        Args:
            inputs: `(B, 2, 3, H, W)` normalised pairs, index 0 before and 1 after.

        Returns:
            The difference features and the backbone's own features, each one `(2B, C, H / s, W / s)` map per stage:
            the B before frames, then the B after frames.
        """
        stacked = inputs.transpose(0, 1).flatten(0, 1).contiguous(memory_format=torch.channels_last)
        maps = self.backbone(stacked)
        outputs = []
        for features, module in zip(maps, self.difference, strict=True):
            outputs.append(torch.cat(module(*features.chunk(2))))
        return tuple(outputs), tuple(maps)
