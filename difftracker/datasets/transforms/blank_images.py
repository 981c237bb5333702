"""The image-blind control: both images become one grey."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from difftracker.registry import TRANSFORMS

GREY = 127


@TRANSFORMS.register_module()
class BlankImages(BaseTransform):
    """Paints both images grey, so that only the sentence is left to answer from."""

    def transform(self, results: dict) -> dict:
        """Blanks one pair; sizes and boxes stay."""
        for side in ('before', 'after'):
            results[f'img_{side}'] = np.full_like(results[f'img_{side}'], GREY)
        return results
