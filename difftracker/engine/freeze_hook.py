"""Trains a part of the model only."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from difftracker.errors import ConfigError
from difftracker.registry import HOOKS


@HOOKS.register_module()
class FreezeHook(Hook):
    """Freezes parameters by the beginning of their names, so that autograd never visits them.

    For stages of training: with the image side frozen, a step costs one forward pass of it, and the time goes into many
    more sentences per pair.

    Args:
        prefixes: `backbone.`, `neck.`, `decoder.layers.0.`, ...

    Raises:
        ConfigError: A prefix fits no parameter, or several processes would wait for the frozen ones.
    """

    priority = 'VERY_HIGH'

    def __init__(self, prefixes: Sequence[str]) -> None:
        self.prefixes = tuple(prefixes)

    def before_train(self, runner: Runner) -> None:
        """Freezes, before the first step."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        if is_model_wrapper(runner.model) and not runner.model.find_unused_parameters:
            # The wrapper has already counted the parameters that it will wait for.
            raise ConfigError(
                'FreezeHook: expected find_unused_parameters = True in the config of a run in several processes, '
                'found False'
            )
        unused = set(self.prefixes)
        for name, parameter in model.named_parameters():
            fitting = [prefix for prefix in self.prefixes if name.startswith(prefix)]
            if fitting:
                parameter.requires_grad_(False)
                unused.difference_update(fitting)
        if unused:
            raise ConfigError(f'FreezeHook.prefixes: expected beginnings of parameter names, found {sorted(unused)}')
