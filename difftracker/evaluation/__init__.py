"""Scores of grounding predictions, in plain numpy; `metrics` holds what mmengine's runner calls."""

from .evaluate_files import evaluate_files
from .report_format import format_report
from .score_predictions import score_predictions

__all__ = ['evaluate_files', 'format_report', 'score_predictions']
