"""Sentence encoding."""

from .text_encoder import TextEncoder
from .text_features import TextFeatures

__all__ = ['TextEncoder', 'TextFeatures']
