"""The baselines by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .baseline import Baseline
from .differing_pixels import DifferingPixels
from .pixel_difference import PixelDifference
from .ssim_difference import SSIMDifference

# Name: what it is made of. These take the settings of `DifferenceBaseline`.
DIFFERENCES: dict[str, Callable[..., Baseline]] = {
    'pixel-difference': lambda **settings: PixelDifference(align=False, **settings),
    'aligned-pixel-difference': lambda **settings: PixelDifference(**settings),
    'matched-pixel-difference': lambda **settings: PixelDifference(histograms=True, **settings),
    'ssim': lambda **settings: SSIMDifference(**settings),
}
DIFFERING_PIXELS = 'differing-pixels'
GROUNDING_DINO = 'grounding-dino'
METHODS = (*DIFFERENCES, DIFFERING_PIXELS, GROUNDING_DINO)
DEFAULT_METHOD = 'aligned-pixel-difference'


def build_baseline(name: str, **settings: Any) -> Baseline:
    """Builds a baseline.

    Args:
        name: One of `METHODS`.
        **settings: Arguments of its class: `PixelDifference`, `SSIMDifference`, `DifferingPixels`,
            `GroundingDinoBaseline`.

    Raises:
        CheckpointError, ConfigError: As `GroundingDinoBaseline`.
    """
    if name in DIFFERENCES:
        return DIFFERENCES[name](**settings)
    if name == DIFFERING_PIXELS:
        return DifferingPixels(**settings)
    # Not above: it needs mmdet, which takes seconds to load.
    from .grounding_dino import GroundingDinoBaseline

    return GroundingDinoBaseline(**settings)
