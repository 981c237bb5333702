"""Pictures of answers: both images side by side, boxes, kinds, scores and the sentence."""

from .contact_sheet import contact_sheet
from .draw_answer import draw_answer

__all__ = ['contact_sheet', 'draw_answer']
