"""Stands in for the compiled part of mmcv where only its Python part is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn

EXTENSION = 'mmcv._ext'


class MissingExtFinder(MetaPathFinder, Loader):
    """Finds `mmcv._ext` when nothing else does, as a module whose every operator fails when it is called.

    mmdet imports mmcv's operators when it is imported, used or not. mmcv only asks whether the extension has an
    operator of each name, so a module that answers yes lets everything load, and a call of a missing operator still
    ends in an error that says what is missing. The finder belongs at the end of `sys.meta_path`: a real extension is
    found first.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Claims `mmcv._ext`; mmengine asks for a real spec, so a bare entry in `sys.modules` would not do."""
        return ModuleSpec(fullname, self, origin='difftracker stand-in') if fullname == EXTENSION else None

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leaves the making of the module to Python."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fills the module with an operator of any name."""
        module.__getattr__ = _operator  # type: ignore[method-assign]  # PEP 562


def _operator(name: str) -> Callable[..., NoReturn]:
    """Returns the operator `name`, which raises NotImplementedError when called."""
    if name.startswith('__'):
        raise AttributeError(name)

    def missing(*args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f'mmcv operator {name!r}: expected mmcv with its compiled extension, found its Python part (mmcv-lite) only'
        )

    return missing
