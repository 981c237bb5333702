"""Metrics for mmengine's runner."""

from .diffground_metric import DiffGroundMetric

__all__ = ['DiffGroundMetric']
