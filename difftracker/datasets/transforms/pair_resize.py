"""Letterboxing of both images to one canvas."""

from __future__ import annotations

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS

PADDING = 114


# Two renderings of a page or two scans of a board share most pixel values, and most of their pixels equal the one
# beside them. On the validation pairs: at least 86 % and 80 %, but for one pair in a hundred. Photographs share at
# most 9 %, edits of one photograph up to 99 %, but at most 37 % of their pixels equal the one beside them.
EQUAL_SHARE = 0.5
FLAT_SHARE = 0.5


@TRANSFORMS.register_module()
class PairResize(BaseTransform):
    """Fits each image into the canvas, keeping its ratio, and pads with grey on the right and below.

    Images of unequal sizes get a scale each (`before_scale`, `after_scale`; canvas pixels = original pixels * scale),
    so none is ever stretched. Boxes move to canvas pixels of their image; regions of differing pixels are dropped where
    the images have two scales.

    Args:
        scale: `(width, height)` of the canvas in pixels.
        exact_scale: `(width, height)` of the largest canvas for pairs of drawn pictures, such as screenshots: most
            pixels are equal where both images have pixels, and most equal the pixel beside them. What changed there may
            be a few pixels large; so both keep the size that they have, up to this limit, and the canvas is no larger
            than they need. None treats all pairs alike.
    """

    def __init__(self, scale: tuple[int, int], exact_scale: tuple[int, int] | None = None) -> None:
        for name, size in (('scale', scale), ('exact_scale', exact_scale)):
            if size is not None and (len(size) != 2 or min(size) < 1):
                raise ConfigError(f'{name} of PairResize must be (width, height) in pixels, found {size}')
        self.scale = (int(scale[0]), int(scale[1]))
        self.exact_scale = None if exact_scale is None else (int(exact_scale[0]), int(exact_scale[1]))

    def transform(self, results: dict) -> dict:
        """Scales and pads both images."""
        images = [results['img_before'], results['img_after']]
        exact = None if self.exact_scale is None else self._exact_factor(*images)
        if exact is None:
            canvas, factors = self.scale, [_fit(self.scale, image.shape) for image in images]
        else:
            height, width = np.maximum(images[0].shape[:2], images[1].shape[:2])
            canvas, factors = (_length(width, exact), _length(height, exact)), [exact] * 2
        for side, image, factor in zip(('before', 'after'), images, factors, strict=True):
            results[f'img_{side}'] = self._letterbox(image, canvas, factor)
            results[f'{side}_scale'] *= factor
            if f'boxes_{side}' in results:
                results[f'boxes_{side}'] = results[f'boxes_{side}'] * np.float32(factor)
        if 'regions' in results:
            # A region is one box for both images, so it needs one scale for both.
            usable = results['regions'] if factors[0] == factors[1] else results['regions'][:0]
            results['regions'] = usable * np.float32(factors[0])
        results['img_shape'] = (canvas[1], canvas[0])
        return results

    def _exact_factor(self, before: np.ndarray, after: np.ndarray) -> float | None:
        """The one factor of a pair that keeps its size; None for any other pair."""
        outer = tuple(np.maximum(before.shape[:2], after.shape[:2]))
        least = _fit(self.scale, outer)
        if least >= 1:
            return None
        flat = min(equal_share(image[:, 1:], image[:, :-1]) for image in (before, after))
        if flat < FLAT_SHARE or equal_share(before, after) < EQUAL_SHARE:
            return None
        return min(1.0, max(least, _fit(self.exact_scale, outer)))

    @staticmethod
    def _letterbox(image: np.ndarray, canvas_size: tuple[int, int], factor: float) -> np.ndarray:
        height, width = image.shape[:2]
        size = (_length(width, factor), _length(height, factor))
        if size != (width, height):
            # Averaging keeps thin lines and small changes that point sampling would drop.
            method = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
            image = cv2.resize(image, size, interpolation=method)
        if size == canvas_size:
            return image
        canvas = np.full((canvas_size[1], canvas_size[0], 3), PADDING, dtype=np.uint8)
        canvas[: size[1], : size[0]] = image
        return canvas


def _fit(canvas: tuple[int, int], shape: tuple[int, ...]) -> float:
    """The factor that makes a picture of `(height, width, ...)` as large as fits into the canvas."""
    return float(min(canvas[0] / shape[1], canvas[1] / shape[0]))


def equal_share(first: np.ndarray, second: np.ndarray) -> float:
    """Share of the pixels that are equal, of those that both pictures have; 1 where there are none."""
    common = tuple(slice(length) for length in np.minimum(first.shape[:2], second.shape[:2]))
    first, second = first[common], second[common]
    if not first.size:
        return 1.0
    # Channel by channel: a reduction over an axis of three takes ten times as long.
    red, green, blue = np.moveaxis(first ^ second, -1, 0)
    return 1 - np.count_nonzero(red | green | blue) / red.size


def _length(pixels: int, factor: float) -> int:
    return max(1, round(pixels * factor))
