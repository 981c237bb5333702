"""Converters from public data sets, as they are distributed, to the annotation format."""

from .conversion import convert_set
from .registry import CONVERTERS

__all__ = ['CONVERTERS', 'convert_set']
