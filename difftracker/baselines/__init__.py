"""Methods to compare with: classical ones, and a detector that sees one image."""

from .methods import DEFAULT_METHOD, DIFFERENCES, GROUNDING_DINO, METHODS, build_baseline
from .pixel_difference import PixelDifference

__all__ = ['DEFAULT_METHOD', 'DIFFERENCES', 'GROUNDING_DINO', 'METHODS', 'PixelDifference', 'build_baseline']
