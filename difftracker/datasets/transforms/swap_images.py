"""The swapped-pair control: before and after exchange places."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SwapImages(BaseTransform):
    """Exchanges the two images and leaves the sentences and the boxes asked for as they are.

    What was removed is then added, so a model that reads the direction of a change must answer differently. Only pairs
    of equal size can be swapped without moving the boxes of the answer.

    Raises:
        ConfigError: The pictures of a pair differ in size.
    """

    def transform(self, results: dict) -> dict:
        """Swaps the pictures of one pair."""
        if results['ori_shape_before'] != results['ori_shape_after']:
            raise ConfigError(
                f'SwapImages: expected pairs of equal size, found {results["ori_shape_before"]} and '
                f'{results["ori_shape_after"]} (height, width) in pair {results["pair_id"]}'
            )
        results['img_before'], results['img_after'] = results['img_after'], results['img_before']
        return results
