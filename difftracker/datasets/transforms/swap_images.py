"""The swapped-pair control: before and after exchange places."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from difftracker.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SwapImages(BaseTransform):
    """Exchanges the two images and leaves the sentences and the boxes asked for as they are.

    What was removed is then added, so a model that reads the direction of a change must answer differently. Only pairs
    of equal size can be swapped without moving the boxes of the answer.
    """

    def transform(self, results: dict) -> dict:
        """Swaps the pictures of one pair."""
        results['img_before'], results['img_after'] = results['img_after'], results['img_before']
        return results
