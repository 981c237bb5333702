"""The baselines by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .baseline import Baseline
from .pixel_difference import PixelDifference
from .ssim_difference import SSIMDifference

# Name: what it is made of.
DIFFERENCES: dict[str, Callable[..., Baseline]] = {
    'pixel-difference': lambda **settings: PixelDifference(align=False, **settings),
    'aligned-pixel-difference': lambda **settings: PixelDifference(**settings),
    'matched-pixel-difference': lambda **settings: PixelDifference(histograms=True, **settings),
    'ssim': lambda **settings: SSIMDifference(**settings),
}
GROUNDING_DINO = 'grounding-dino'
METHODS = (*DIFFERENCES, GROUNDING_DINO)
DEFAULT_METHOD = 'aligned-pixel-difference'


def build_baseline(name: str, **settings: Any) -> Baseline:
    """Builds a baseline.

    Args:
        name: One of `METHODS`.
        **settings: Arguments of its class: `PixelDifference`, `SSIMDifference`, `GroundingDinoBaseline`.

    Raises:
        CheckpointError, ConfigError: As `GroundingDinoBaseline`.
    """
    if name != GROUNDING_DINO:
        return DIFFERENCES[name](**settings)
    # Not above: it needs mmdet, which takes seconds to load.
    from .grounding_dino import GroundingDinoBaseline

    return GroundingDinoBaseline(**settings)
