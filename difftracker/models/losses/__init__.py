"""Losses."""

from .choice_loss import choice_loss
from .origin_loss import origin_loss
from .varifocal_loss import varifocal_loss

__all__ = ['choice_loss', 'origin_loss', 'varifocal_loss']
