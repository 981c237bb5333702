"""Difference modules: one interface, `(before, after) -> (before, after)`, any of them by one line of a config."""

from .difference_enhancement import DifferenceEnhancement
from .local_matching import LocalMatching
from .subtraction import Subtraction

__all__ = ['DifferenceEnhancement', 'LocalMatching', 'Subtraction']
