"""The image-blind control: both images become grey."""

from __future__ import annotations

import numpy as np
from mmcv.transforms import BaseTransform

from difftracker.registry import TRANSFORMS

# Not one grey: two equal images are answered with nothing by definition, and that would be all that the control says.
GREYS = {'before': 127, 'after': 128}


@TRANSFORMS.register_module()
class BlankImages(BaseTransform):
    """Paints both images grey, so that only the sentence is left to answer from."""

    def transform(self, results: dict) -> dict:
        """Blanks one pair; sizes and boxes stay."""
        for side, grey in GREYS.items():
            results[f'img_{side}'] = np.full_like(results[f'img_{side}'], grey)
        return results
