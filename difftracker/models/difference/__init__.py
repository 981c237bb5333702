"""Difference modules: one interface, `(before, after) -> (before, after)`, any of them by one line of a config."""

from .co_attention import CoAttention
from .difference_enhancement import DifferenceEnhancement
from .local_matching import LocalMatching
from .multi_scale_differential_perception import MultiScaleDifferentialPerception
from .projection import Projection
from .subtraction import Subtraction
from .visual_delta import VisualDelta

__all__ = [
    'CoAttention',
    'DifferenceEnhancement',
    'LocalMatching',
    'MultiScaleDifferentialPerception',
    'Projection',
    'Subtraction',
    'VisualDelta',
]
