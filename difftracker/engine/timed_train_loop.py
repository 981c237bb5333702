"""Training for a given time."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from mmengine.dist import get_world_size
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from difftracker.errors import ConfigError
from difftracker.registry import LOOPS

# Kept with the checkpoint by mmengine's message hub.
STATE = 'trained_seconds'
# The loop ends by the clock; mmengine wants a number.
ENDLESS = 1_000_000


@LOOPS.register_module()
class TimedTrainLoop(EpochBasedTrainLoop):
    """Trains until a given time of training is over; the learning rate follows the share of it that has passed.

    The rate rises linearly over the first steps and then follows a cosine over the time, so that a run ends at the low
    rate whatever the speed of the machine; no parameter scheduler stands beside it. Time counts while batches train,
    not while workers start, checkpoints are written or the model is validated. It is kept in the checkpoint: training
    may be cut into several runs, each with a limit of its own. It stops between two steps, and an epoch that was cut
    short is saved as any other. Validation runs once, when the time is over.

    Args:
        runner, dataloader: As in mmengine.
        minutes: Time of training, over all runs.
        warmup_iters: Steps over which the rate rises.
        final_ratio: Rate at the end as a share of the full one.
        stop_after: Minutes after which this run stops, after one step at least, and leaves the rest to the next; None:
            it goes on to the end.

    Raises:
        ConfigError: An argument is out of range, or there are several processes, whose clocks would differ.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: DataLoader | dict,
        minutes: float,
        warmup_iters: int = 300,
        final_ratio: float = 0.01,
        stop_after: float | None = None,
    ) -> None:
        limits = (minutes, math.inf if stop_after is None else stop_after)
        if min(limits) <= 0 or warmup_iters < 0 or not 0 <= final_ratio <= 1:
            raise ConfigError(
                'TimedTrainLoop: expected minutes and stop_after above 0, warmup_iters of at least 0 and final_ratio '
                f'in [0, 1], found {minutes}, {stop_after}, {warmup_iters}, {final_ratio}'
            )
        if get_world_size() > 1:
            raise ConfigError(f'TimedTrainLoop: expected one process, found {get_world_size()}')
        super().__init__(runner, dataloader, max_epochs=ENDLESS)
        self.seconds = minutes * 60
        self.warmup_iters = warmup_iters
        self.final_ratio = final_ratio
        self.deadline = None if stop_after is None else time.monotonic() + stop_after * 60
        self.trained = 0.0

    @property
    def finished(self) -> bool:
        """Whether the time is over."""
        return self.trained >= self.seconds

    def run(self) -> nn.Module:
        """Trains for what is left of the time, then validates."""
        if STATE in self.runner.message_hub.runtime_info:
            self.trained = self.runner.message_hub.get_info(STATE)
        self.runner.call_hook('before_train')
        for group in self.runner.optim_wrapper.param_groups:
            # A resumed optimizer brings the full rate along, and the rate of its last step.
            group.setdefault('initial_lr', group['lr'])
        # However late it is, a run that has time left makes a step, so that calling again always leads to the end.
        self.stop_training = self.finished
        while not self.stop_training:
            self.run_epoch()
        if self.finished and self.runner.val_loop is not None:
            self.runner.val_loop.run()
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Trains one epoch, or what the time allows of it."""
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        last = None
        for index, batch in enumerate(self.dataloader):
            # The wait for an epoch's first batch is not counted: it is the start of the workers.
            last = time.monotonic() if last is None else last
            self._set_rate()
            self.run_iter(index, batch)
            now = time.monotonic()
            self.trained, last = self.trained + now - last, now
            self._look_at_the_clock()
            if self.stop_training:
                break
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """One step; the time left in the log follows from the time and not from a number of steps."""
        if self.trained > 0:
            self._max_iters = max(self._iter + 1, round(self._iter * self.seconds / self.trained))
        super().run_iter(idx, data_batch)

    def _set_rate(self) -> None:
        share = min(self.trained / self.seconds, 1.0)
        factor = self.final_ratio + (1 - self.final_ratio) * 0.5 * (1 + math.cos(math.pi * share))
        if self._iter < self.warmup_iters:
            factor *= (self._iter + 1) / self.warmup_iters
        for group in self.runner.optim_wrapper.param_groups:
            group['lr'] = group['initial_lr'] * factor

    def _look_at_the_clock(self) -> None:
        """Notes the time for the checkpoint and decides whether to go on."""
        self.runner.message_hub.update_info(STATE, self.trained)
        late = self.deadline is not None and time.monotonic() >= self.deadline
        self.stop_training = self.finished or late
