"""Detectors."""

from .difftracker import DiffTracker

__all__ = ['DiffTracker']
