"""Operators that the detectors live on, with compiled kernels where they were built and PyTorch code elsewhere."""

from .backend import backend_info, load_library
from .ms_deform_attn import ms_deform_attn, reference_kernels

load_library()

__all__ = ['backend_info', 'ms_deform_attn', 'reference_kernels']
