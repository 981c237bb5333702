"""Heads and the decoder."""

from .change_describer import ChangeDescriber
from .change_matcher import ChangeMatcher
from .dense_change_head import DenseChangeHead
from .difftracker_head import DiffTrackerHead
from .text_conditioned_decoder import TextConditionedDecoder

__all__ = ['ChangeDescriber', 'ChangeMatcher', 'DenseChangeHead', 'DiffTrackerHead', 'TextConditionedDecoder']
