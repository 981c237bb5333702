"""Plain data that flows between the parts of the toolkit; nothing here imports torch."""

from .change import Box, Change
from .change_result import ChangeResult
from .pair_record import PairRecord
from .query import Query

__all__ = ['Box', 'Change', 'ChangeResult', 'PairRecord', 'Query']
