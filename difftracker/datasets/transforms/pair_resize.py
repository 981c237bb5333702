"""Letterboxing of both images to one canvas."""

from __future__ import annotations

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS

PADDING = 114


# Two photographs share next to no pixel values, two renderings of a page or two scans of a board most of them: on the
# validation pairs at most 9 % against at least 40 % (94 % in all but one in twenty).
EQUAL_SHARE = 0.5


@TRANSFORMS.register_module()
class PairResize(BaseTransform):
    """Fits each image into the canvas, keeping its ratio, and pads with grey on the right and below.

    Images of unequal sizes get a scale each (`before_scale`, `after_scale`; canvas pixels = original pixels * scale),
    so none is ever stretched. Boxes move to canvas pixels of their image.

    Args:
        scale: `(width, height)` of the canvas in pixels.
        exact_scale: `(width, height)` of the largest canvas for pairs of two images of one size of which most pixels
            are equal, such as screenshots. What changed there may be a few pixels large; so they keep the size that
            they have, up to this limit, and get no padding. None treats all pairs alike.
    """

    def __init__(self, scale: tuple[int, int], exact_scale: tuple[int, int] | None = None) -> None:
        for name, size in (('scale', scale), ('exact_scale', exact_scale)):
            if size is not None and (len(size) != 2 or min(size) < 1):
                raise ConfigError(f'{name} of PairResize must be (width, height) in pixels, found {size}')
        self.scale = (int(scale[0]), int(scale[1]))
        self.exact_scale = None if exact_scale is None else (int(exact_scale[0]), int(exact_scale[1]))

    def transform(self, results: dict) -> dict:
        """Scales and pads both images."""
        canvas = self._canvas(results['img_before'], results['img_after'])
        for side in ('before', 'after'):
            results[f'img_{side}'], factor = self._letterbox(results[f'img_{side}'], canvas)
            results[f'{side}_scale'] *= factor
            if f'boxes_{side}' in results:
                results[f'boxes_{side}'] = results[f'boxes_{side}'] * np.float32(factor)
        results['img_shape'] = (canvas[1], canvas[0])
        return results

    def _canvas(self, before: np.ndarray, after: np.ndarray) -> tuple[int, int]:
        """Width and height of the canvas."""
        height, width = before.shape[:2]
        if self.exact_scale is None or before.shape != after.shape or _fit(self.scale, width, height) >= 1:
            return self.scale
        if (before == after).all(-1).mean() < EQUAL_SHARE:
            return self.scale
        factor = min(1.0, max(_fit(self.scale, width, height), _fit(self.exact_scale, width, height)))
        return max(1, round(width * factor)), max(1, round(height * factor))

    @staticmethod
    def _letterbox(image: np.ndarray, canvas_size: tuple[int, int]) -> tuple[np.ndarray, float]:
        height, width = image.shape[:2]
        factor = _fit(canvas_size, width, height)
        size = (max(1, round(width * factor)), max(1, round(height * factor)))
        if size != (width, height):
            # Averaging keeps thin lines and small changes that point sampling would drop.
            method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
            image = cv2.resize(image, size, interpolation=method)
        if size == canvas_size:
            return image, factor
        canvas = np.full((canvas_size[1], canvas_size[0], 3), PADDING, dtype=np.uint8)
        canvas[: size[1], : size[0]] = image
        return canvas, factor


def _fit(canvas: tuple[int, int], width: int, height: int) -> float:
    """The factor that makes a picture as large as fits into the canvas."""
    return min(canvas[0] / width, canvas[1] / height)
