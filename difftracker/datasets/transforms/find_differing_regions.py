"""Regions of differing pixels, for pairs that are equal elsewhere."""

from __future__ import annotations

from mmcv.transforms import BaseTransform

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS
from difftracker.utils.differing_regions import differing_regions

from .pair_resize import EQUAL_SHARE, equal_share

# Share of the regions' area that differs: at least 7 % on 19 of 20 pairs of screenshots and 13 % of edited photographs,
# at most 4 % on 19 of 20 pairs of boards, which are two specimens.
LEAST_FILL = 0.05
# Share of the picture that such thin regions cover: at least 15 % on boards, less for a recoloured outline on a page.
MOST_COVER = 0.125


@TRANSFORMS.register_module()
class FindDifferingRegions(BaseTransform):
    """Adds `regions`, boxes of what differs pixel by pixel, where at least half of the pixels of the pair are equal.

    Two renderings of a page, or a picture and its edited copy, are equal wherever nothing changed. There the pixels
    tell the boxes of the changes, however small these are; which of them a sentence asks for, they do not tell. Between
    two shots of a scene most pixels differ, and nothing is added; between two specimens of a board those along all
    edges differ, and there are no regions.

    Comes before `PairResize`, since it counts in pixels of the files.

    Args:
        threshold: Largest difference of any channel that counts as none, in grey levels: compression and antialiasing
            change pixels that nobody would call changed.
        reach: Differing pixels with gaps of up to about twice so many pixels are one region: the letters of a word.
        max_regions: The largest so many are kept.

    Raises:
        ConfigError: A number is out of range.
    """

    def __init__(self, threshold: int = 24, reach: int = 6, max_regions: int = 100) -> None:
        for name, value, least in (('threshold', threshold, 0), ('reach', reach, 0), ('max_regions', max_regions, 1)):
            if value < least:
                raise ConfigError(f'{name} of FindDifferingRegions must be at least {least}, found {value}')
        self.threshold, self.reach, self.max_regions = threshold, reach, max_regions

    def transform(self, results: dict) -> dict:
        """Adds the regions of one pair, `(N, 4)` float32 xyxy, the largest first, where the pair is mostly equal."""
        before, after = results['img_before'], results['img_after']
        if equal_share(before, after) >= EQUAL_SHARE:
            regions = differing_regions(before, after, self.threshold, self.reach, LEAST_FILL, MOST_COVER)
            results['regions'] = regions[: self.max_regions]
        return results
