"""The faces of the toolkit: the Python interface and the command line.

Nothing heavy is imported until it is used, so that `difftracker --help` answers at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .inferencer import DiffTrackerInferencer

__all__ = ['DiffTrackerInferencer']


def __getattr__(name: str) -> Any:
    if name == 'DiffTrackerInferencer':
        from .inferencer import DiffTrackerInferencer

        return DiffTrackerInferencer
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
