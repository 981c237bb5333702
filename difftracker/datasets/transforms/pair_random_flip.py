"""Mirroring of a pair with its sentences."""

from __future__ import annotations

import cv2
from mmcv.transforms import BaseTransform

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS

from .mirror_words import mirror_text


@TRANSFORMS.register_module()
class PairRandomFlip(BaseTransform):
    """Mirrors both images, all boxes, and the words left and right of the sentences.

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
        for side in ('before', 'after'):
            image = results[f'img_{side}']
            results[f'img_{side}'] = cv2.flip(image, 1)
            boxes = results[f'boxes_{side}'].copy()
            boxes[:, [0, 2]] = image.shape[1] - boxes[:, [2, 0]]
            boxes[~results[f'valid_{side}']] = 0
            results[f'boxes_{side}'] = boxes
        if 'regions' in results:
            regions = results['regions'].copy()
            regions[:, [0, 2]] = results['img_after'].shape[1] - regions[:, [2, 0]]
            results['regions'] = regions
        return results
