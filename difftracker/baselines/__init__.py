"""Methods without learning, to compare with."""

from .pixel_difference import PixelDifference

__all__ = ['PixelDifference']
