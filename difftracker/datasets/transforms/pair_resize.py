"""Letterboxing of both images to one canvas."""

from __future__ import annotations

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS

PADDING = 114


@TRANSFORMS.register_module()
class PairResize(BaseTransform):
    """Fits each image into the canvas, keeping its ratio, and pads with grey on the right and below.

    Images of unequal sizes get a scale each (`before_scale`, `after_scale`; canvas pixels = original pixels * scale),
    so none is ever stretched. Boxes move to canvas pixels of their image.

    Args:
        scale: `(width, height)` of the canvas in pixels.
    """

    def __init__(self, scale: tuple[int, int]) -> None:
        if len(scale) != 2 or min(scale) < 1:
            raise ConfigError(f'scale of PairResize must be (width, height) in pixels, found {scale}')
        self.scale = (int(scale[0]), int(scale[1]))

    def transform(self, results: dict) -> dict:
        """Scales and pads both images."""
        for side in ('before', 'after'):
            results[f'img_{side}'], factor = self._letterbox(results[f'img_{side}'])
            results[f'{side}_scale'] *= factor
            if f'boxes_{side}' in results:
                results[f'boxes_{side}'] = results[f'boxes_{side}'] * np.float32(factor)
        results['img_shape'] = (self.scale[1], self.scale[0])
        return results

    def _letterbox(self, image: np.ndarray) -> tuple[np.ndarray, float]:
        height, width = image.shape[:2]
        factor = min(self.scale[0] / width, self.scale[1] / height)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        if size != (width, height):
            # Averaging keeps thin lines and small changes that point sampling would drop.
            method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
            image = cv2.resize(image, size, interpolation=method)
        if size == self.scale:
            return image, factor
        canvas = np.full((self.scale[1], self.scale[0], 3), PADDING, dtype=np.uint8)
        canvas[: size[1], : size[0]] = image
        return canvas, factor
