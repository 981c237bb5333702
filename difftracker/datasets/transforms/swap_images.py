"""The swapped-pair control: before and after exchange places."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from difftracker.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SwapImages(BaseTransform):
    """Exchanges the two images and leaves the sentences as they are.

    What was removed is then added, so a model that reads the direction of a change must answer differently. Comes right
    after the pictures are loaded. Answers are about the exchanged pair: `DiffGroundMetric(swapped=True)` scores them.
    """

    def transform(self, results: dict) -> dict:
        """Swaps the pictures of one pair."""
        for name in ('img_{}', 'ori_shape_{}'):
            before, after = name.format('before'), name.format('after')
            results[before], results[after] = results[after], results[before]
        return results
