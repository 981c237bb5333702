"""Stops a run whose loss is no longer a number."""

from __future__ import annotations

import math

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from difftracker.errors import DiffTrackerError
from difftracker.registry import HOOKS


@HOOKS.register_module()
class NonFiniteLossHook(Hook):
    """Raises on the first NaN or infinite loss, with its name and the pairs of the batch.

    It runs before the checkpoint hook, so that broken weights are never saved.
    """

    priority = 'VERY_HIGH'

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Checks the losses of one iteration."""
        losses = {name: torch.as_tensor(value).item() for name, value in (outputs or {}).items()}
        broken = {name: value for name, value in losses.items() if not math.isfinite(value)}
        if broken:
            pairs = [sample.pair_id for sample in data_batch['data_samples']]
            raise DiffTrackerError(
                f'iteration {runner.iter}: expected finite losses, found {broken} in the batch of pairs {pairs}'
            )
