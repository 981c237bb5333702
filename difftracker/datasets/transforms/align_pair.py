"""Laying the before image over the after image."""

from __future__ import annotations

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS
from difftracker.utils.camera_motion import camera_motion, warp
from difftracker.utils.warped_boxes import warp_boxes


@TRANSFORMS.register_module()
class AlignPair(BaseTransform):
    """Takes the motion of the camera out of a pair, where there is one.

    A model that compares neighbourhoods finds what changed in spite of a shift, but outlines it less well, least of all
    what was removed: its place in the after image is nowhere to be seen there. A homography that is fitted to matched
    features (`camera_motion`) says where it is.

    Comes after `PairResize`. The before image is warped into the frame of the after image; where it has no content it
    takes that of the after image, since what one image does not show has not changed. Boxes of the before image move
    along. `motion`, the `(3, 3)` matrix from canvas pixels of the before image to those of the after image, is added,
    so that answers can be told in pixels of the file.

    Left as they are: pairs that are equal but for regions, pairs whose images have two shapes, and those in which
    nothing plausible brings the images closer, as at a step aside, which no homography describes.

    Args:
        features: ORB features of each image.
        prob: Share of pairs to align. Below 1 in training, so that a model also learns from pairs as they are: not
            every motion can be found.

    Raises:
        ConfigError: `features` is below 1, or `prob` no share.
    """

    def __init__(self, features: int = 800, prob: float = 1.0) -> None:
        if features < 1:
            raise ConfigError(f'features of AlignPair must be at least 1, found {features}')
        if not 0 <= prob <= 1:
            raise ConfigError(f'prob of AlignPair must lie in [0, 1], found {prob}')
        self.features, self.prob = features, prob

    def transform(self, results: dict) -> dict:
        """Aligns one pair, with probability `prob`."""
        if self.prob < 1 and results['rng'].random() >= self.prob:
            return results
        shapes = [
            tuple(max(1, round(length * results[f'{side}_scale'])) for length in results[f'ori_shape_{side}'])
            for side in ('before', 'after')
        ]
        if 'regions' in results or shapes[0] != shapes[1]:
            return results
        content = tuple(slice(length) for length in shapes[0])
        before, after = results['img_before'][content], results['img_after'][content]
        matrix = camera_motion(*(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (before, after)), self.features)
        if matrix is None:
            return results
        warped, inside = warp(before, matrix)
        aligned = results['img_before'].copy()
        aligned[content] = np.where(inside[..., None], warped, after)
        results['img_before'], results['motion'] = aligned, matrix
        if 'boxes_before' in results:
            results['boxes_before'] = warp_boxes(results['boxes_before'], matrix).astype(np.float32)
        return results
