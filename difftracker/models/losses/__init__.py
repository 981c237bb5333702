"""Losses."""

from .choice_loss import choice_loss
from .varifocal_loss import varifocal_loss

__all__ = ['choice_loss', 'varifocal_loss']
