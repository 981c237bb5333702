"""Mirroring of a pair with its sentences."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS

from .mirror_words import mirror_text


@TRANSFORMS.register_module()
class PairRandomFlip(BaseTransform):
    """Mirrors both images within the canvas, all boxes, and the words left and right of the sentences.

    A pair with a sentence that cannot be mirrored for sure stays as it is.

    Args:
        prob: Share of pairs to mirror.
    """

    def __init__(self, prob: float = 0.5) -> None:
        if not 0 <= prob <= 1:
            raise ConfigError(f'prob of PairRandomFlip must lie in [0, 1], found {prob}')
        self.prob = prob

    def transform(self, results: dict) -> dict:
        """Mirrors the pair with probability `prob`."""
        if results['rng'].random() >= self.prob:
            return results
        texts = [mirror_text(text) for text in results['texts']]
        if any(text is None for text in texts):
            return results
        results['texts'] = texts
        widths = {side: self._mirror(results, side) for side in ('before', 'after')}
        if 'regions' in results:
            results['regions'] = _mirrored(results['regions'], widths['after'])
        # It spoke of the pictures as they were.
        results.pop('motion', None)
        return results

    @staticmethod
    def _mirror(results: dict, side: str) -> int:
        """Mirrors one image and its boxes within the width of the picture, which it returns.

        Places are told relative to the picture, which stands at the left of a wider canvas and has to stay there.
        """
        image = results[f'img_{side}']
        width = min(max(1, round(results[f'ori_shape_{side}'][1] * results[f'{side}_scale'])), image.shape[1])
        mirrored = image.copy()
        mirrored[:, :width] = image[:, :width][:, ::-1]
        boxes = _mirrored(results[f'boxes_{side}'], width)
        boxes[~results[f'valid_{side}']] = 0
        results[f'img_{side}'], results[f'boxes_{side}'] = mirrored, boxes
        return width


def _mirrored(boxes: np.ndarray, width: int) -> np.ndarray:
    mirrored = boxes.copy()
    mirrored[:, [0, 2]] = width - boxes[:, [2, 0]]
    return mirrored
