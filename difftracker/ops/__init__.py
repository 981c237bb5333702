"""Operators that the detectors live on, with compiled kernels where they were built and PyTorch code elsewhere."""

from .ms_deform_attn import ms_deform_attn

__all__ = ['ms_deform_attn']
