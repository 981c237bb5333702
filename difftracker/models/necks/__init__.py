"""Necks."""

from .vision_language_neck import VisionLanguageNeck

__all__ = ['VisionLanguageNeck']
