"""Normalises and pads both images of each pair alike."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from difftracker.registry import MODELS
from difftracker.structures.pair_data_sample import PairDataSample


@MODELS.register_module()
class PairDataPreprocessor(BaseDataPreprocessor):
    """Stacks pairs of different sizes into one normalised batch.

    Args:
        mean, std: Per channel, RGB, on the 0 to 255 scale. Padding gets the value of `mean`, so that it is 0 after
            normalisation.
        size_divisor: The batch's height and width are multiples of it.
    """

    def __init__(
        self,
        mean: tuple[float, float, float] = (127.0, 127.0, 127.0),
        std: tuple[float, float, float] = (128.0, 128.0, 128.0),
        size_divisor: int = 32,
    ) -> None:
        super().__init__()
        self.size_divisor = size_divisor
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict:
        """Prepares a batch.

        Args:
            data: `inputs`, a list of `(2, 3, H, W)` uint8 RGB tensors, and `data_samples`.
            training: Keep the whole canvas. At inference the letterbox's empty part is cut off, which is faster and
                changes no box, since boxes count from the top left corner.

        Returns:
            `inputs` `(B, 2, 3, H', W')` float, zero where padded, and the samples.
        """
        data = self.cast_data(data)
        pairs: list[Tensor] = list(data['inputs'])
        samples = data.get('data_samples')
        sizes = [pair.shape[-2:] for pair in pairs]
        if not training and samples is not None:
            sizes = [self._filled(pair, sample) for pair, sample in zip(pairs, samples, strict=True)]
        height, width = (self._round_up(max(size[axis] for size in sizes)) for axis in (0, 1))
        batch = torch.stack(
            [
                F.pad((pair[..., :h, :w].float() - self.mean) / self.std, (0, width - w, 0, height - h))
                for pair, (h, w) in zip(pairs, sizes, strict=True)
            ]
        )
        return {'inputs': batch, 'data_samples': samples}

    def canvas(self, pair: Tensor, sample: PairDataSample) -> tuple[int, int]:
        """Height and width that a pair has at inference in a batch of its own.

        Args:
            pair: `(2, 3, H, W)`.
            sample: Its sample.
        """
        height, width = self._filled(pair, sample)
        return self._round_up(height), self._round_up(width)

    def _round_up(self, length: int) -> int:
        return -(-length // self.size_divisor) * self.size_divisor

    @staticmethod
    def _filled(pair: Tensor, sample: PairDataSample) -> tuple[int, int]:
        """Height and width of the part of the canvas that holds picture in either image."""
        sides = ((sample.ori_shape_before, sample.before_scale), (sample.ori_shape_after, sample.after_scale))
        height, width = (max(math.ceil(shape[axis] * scale) for shape, scale in sides) for axis in (0, 1))
        return min(height, pair.shape[-2]), min(width, pair.shape[-1])
