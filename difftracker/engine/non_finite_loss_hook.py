"""Stops a run whose loss or whose weights are no longer numbers."""

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

    A finite loss may have a gradient that is none, which shows in the weights only: a checkpoint that holds such
    weights is refused before it is written, so that the last sound one stays what a run goes on from.
    """

    priority = 'VERY_HIGH'

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None, outputs: dict | None = None
    ) -> None:
        """Checks the losses of one iteration."""
        losses = {name: torch.as_tensor(value).detach() for name, value in (outputs or {}).items()}
        # Added up where they are, so that a GPU is waited for once and not once per loss.
        if not losses or math.isfinite(sum(value.float() for value in losses.values()).item()):
            return
        broken = {name: value.item() for name, value in losses.items() if not math.isfinite(value.item())}
        if broken:
            pairs = [sample.pair_id for sample in data_batch['data_samples']]
            raise DiffTrackerError(
                f'iteration {runner.iter}: expected finite losses, found {broken} in the batch of pairs {pairs}'
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Checks the weights that are about to be saved."""
        broken = [
            name
            for name, value in checkpoint['state_dict'].items()
            if value.is_floating_point() and not bool(value.isfinite().all())
        ]
        if broken:
            raise DiffTrackerError(
                f'iteration {runner.iter}: expected finite weights, found {len(broken)} tensors with other numbers, '
                f'the first is {broken[0]}; no checkpoint was written'
            )
