"""Finds and loads the compiled kernels, and tells which tier runs where."""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch

# As in build.py, which imports nothing of the package and is not imported by it: it also runs as a program.
LIBRARY_NAME = '_library.so'
RECORD_NAME = '_build.json'
CPU_LEVELS = ('generic vectors', 'AVX2', 'AVX-512')

_FOLDER = Path(__file__).resolve().parent
_REFERENCE = 'reference'
_COMPILED = 'compiled'
# Why the library is not loaded; empty once it is. Filled by load_library().
_not_loaded = 'difftracker.ops was not imported'


def _build_record() -> dict:
    path = _FOLDER / RECORD_NAME
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {'built': False, 'reason': 'never built; run `python -m difftracker.ops.build`'}
    except (OSError, ValueError) as error:
        return {'built': False, 'reason': f'{path} cannot be read: {error}'}


def load_library() -> None:
    """Loads the compiled kernels if they were built; else the reference keeps running, and the reason is kept.

    `DIFFTRACKER_OPS=reference` in the environment leaves them out, for comparisons and for finding faults.
    """
    global _not_loaded
    path = _FOLDER / LIBRARY_NAME
    if os.environ.get('DIFFTRACKER_OPS', '') == _REFERENCE:
        _not_loaded = 'DIFFTRACKER_OPS=reference'
    elif not path.exists():
        _not_loaded = _build_record().get('reason') or f'{path} is missing'
    else:
        try:
            torch.ops.load_library(str(path))
            _not_loaded = ''
        except OSError as error:
            _not_loaded = f'{path} does not load with PyTorch {torch.__version__}: {error}'


def _device_info(key: str) -> dict[str, str]:
    has_kernel = torch._C._dispatch_has_kernel_for_dispatch_key('difftracker::ms_deform_attn', key)
    if has_kernel:
        detail = CPU_LEVELS[torch.ops.difftracker.cpu_level(-1)] if key == 'CPU' else 'CUDA kernels'
        return {'tier': _COMPILED, 'reason': detail}
    reason = _not_loaded or _build_record().get('reason') or 'the library has no kernels for this device'
    return {'tier': _REFERENCE, 'reason': reason}


def backend_info() -> dict[str, dict[str, str]]:
    """Which implementation of the operators runs, for each device, and why.

    Returns:
        For 'cpu' and 'cuda' a dictionary of `tier` ('compiled' or 'reference') and `reason`: the instruction set of
        compiled kernels, or what stood in the way of them.

    Example:
        >>> backend_info()['cpu']
        {'tier': 'compiled', 'reason': 'AVX-512'}
    """
    return {'cpu': _device_info('CPU'), 'cuda': _device_info('CUDA')}
