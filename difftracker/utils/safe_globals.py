"""What a training checkpoint may hold besides tensors and plain data: mmengine's histories of logged numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from mmengine.logging.history_buffer import HistoryBuffer

_STATISTICS = ('min', 'max', 'current', 'mean')


def allow_history_buffers() -> None:
    """Lets `torch.load(weights_only=True)` read mmengine's training checkpoints, which hold `HistoryBuffer`s.

    Their pickles name the buffer's methods through `getattr`. The real `getattr` would hand hostile files any attribute
    of anything, so the name is bound to `history_method`, which knows the statistics of the buffer and nothing else.
    """
    core = np._core if hasattr(np, '_core') else np.core
    multiarray = core.multiarray
    allowed: list[Callable | tuple[Callable, str]] = [
        HistoryBuffer,
        (history_method, 'builtins.getattr'),
        np.ndarray,
        np.dtype,
        type(np.dtype(np.float64)),
        type(np.dtype(np.int64)),
    ]
    # numpy 2 moved its core: a file written under one version must load under the other.
    for folder in ('numpy._core.multiarray', 'numpy.core.multiarray'):
        allowed += [(multiarray._reconstruct, f'{folder}._reconstruct'), (multiarray.scalar, f'{folder}.scalar')]
    torch.serialization.add_safe_globals(allowed)


def history_method(owner: Any, name: str) -> Callable:
    """Returns a statistic of `HistoryBuffer` by name, the only attribute that a checkpoint may ask for.

    Args:
        owner: Must be the class `HistoryBuffer` itself.
        name: A statistic: `min`, `max`, `current` or `mean`.

    Returns:
        The function.

    Raises:
        AttributeError: Anything else was asked for.
    """
    if owner is not HistoryBuffer or name not in _STATISTICS:
        raise AttributeError(f'expected a statistic of HistoryBuffer, found {name!r} of {owner!r}')
    return getattr(HistoryBuffer, name)
