"""Backbones."""

from .differential_backbone import DifferentialBackbone
from .efficientnet_lite import EfficientNetLite

__all__ = ['DifferentialBackbone', 'EfficientNetLite']
