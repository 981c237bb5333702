"""Models; importing this package registers all of them."""

from . import backbones, data_preprocessors, detectors, difference, heads, necks, text
from .detectors import DiffTracker

__all__ = ['DiffTracker', 'backbones', 'data_preprocessors', 'detectors', 'difference', 'heads', 'necks', 'text']
