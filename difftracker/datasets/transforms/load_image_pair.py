"""Reading of both images of a pair."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from difftracker.registry import TRANSFORMS
from difftracker.utils.image_io import read_image, read_stated_image


@TRANSFORMS.register_module()
class LoadImagePair(BaseTransform):
    """Reads `before_path` and `after_path`; holds the pictures to `before_size` and `after_size` where stated.

    Adds `img_before` and `img_after`, RGB uint8 `(H, W, 3)`, and their `(height, width)` as `ori_shape_before` and
    `ori_shape_after`. The scales from file to array, `before_scale` and `after_scale`, start at 1.

    Raises:
        ImageReadError: When one of the two cannot be read, or is of another size than stated.
    """

    def transform(self, results: dict) -> dict:
        """Reads both images."""
        for side in ('before', 'after'):
            path, size = results[f'{side}_path'], results.get(f'{side}_size')
            image = read_image(path) if size is None else read_stated_image(path, size)
            results[f'img_{side}'] = image
            results[f'ori_shape_{side}'] = image.shape[:2]
            results[f'{side}_scale'] = 1.0
        return results
