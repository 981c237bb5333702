"""Few groups of parameters instead of one for each parameter."""

from __future__ import annotations

from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn

from difftracker.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class MergedOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """mmengine's constructor, with parameters of equal settings in one group.

    With `paramwise_cfg` mmengine makes a group for each parameter, and an optimizer works group by group: on a GPU the
    step of a model with hundreds of parameters then lasts as long as it takes to start thousands of small kernels. The
    values computed are the same. A checkpoint of one constructor cannot be resumed with the other.
    """

    def add_params(
        self, params: list[dict], module: nn.Module, prefix: str = '', is_dcn_module: int | float | None = None
    ) -> None:
        """Adds the parameters of a module; at the model itself, which has no prefix, merges all groups."""
        super().add_params(params, module, prefix, is_dcn_module)
        if prefix:
            return
        merged: dict[tuple, dict] = {}
        for group in params:
            settings = {name: value for name, value in group.items() if name != 'params'}
            target = merged.setdefault(tuple(sorted(settings.items())), {'params': [], **settings})
            target['params'] += group['params']
        params[:] = merged.values()
