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
# How many blocks of reference_kernels() the process is in.
reference_blocks = 0


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


def _device_info(device: str) -> dict[str, str]:
    # The dispatcher is not asked: it does not tell compiled kernels from the reference that was put in their place.
    stands_in_the_way = 'reference_kernels()' if reference_blocks else _not_loaded
    if stands_in_the_way:
        return {'tier': _REFERENCE, 'reason': stands_in_the_way}
    if device == 'cpu':
        return {'tier': _COMPILED, 'reason': CPU_LEVELS[torch.ops.difftracker.cpu_level(-1)]}
    record = _build_record()
    if record.get('cuda_architectures'):
        return {'tier': _COMPILED, 'reason': 'CUDA kernels'}
    return {'tier': _REFERENCE, 'reason': record.get('reason') or 'the library has no kernels for this device'}


def backend_info() -> dict[str, dict[str, str]]:
    """Which implementation of the operators runs, for each device, and why.

    Returns:
        For 'cpu' and 'cuda' a dictionary of `tier` ('compiled' or 'reference') and `reason`: the instruction set of
        compiled kernels, or what stood in the way of them.

    Example:
        >>> backend_info()['cpu']
        {'tier': 'compiled', 'reason': 'AVX-512'}
    """
    return {device: _device_info(device) for device in ('cpu', 'cuda')}
