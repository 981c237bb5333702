"""Tells data sets which epoch it is."""

from __future__ import annotations

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner

from difftracker.registry import HOOKS


@HOOKS.register_module()
class DatasetEpochHook(Hook):
    """Calls `set_epoch` on the training data set before each epoch; mmengine tells the sampler only.

    Data sets inside wrappers (`ConcatDataset`, `RepeatDataset`, `torch.utils.data.Subset`) are told too.
    """

    def before_train_epoch(self, runner: Runner) -> None:
        """Passes on the number of the epoch that begins, from 0."""
        set_dataset_epoch(runner.train_dataloader.dataset, runner.epoch)


def set_dataset_epoch(dataset: Any, epoch: int) -> None:
    """Calls `set_epoch(epoch)` on a data set or on those that it wraps."""
    if hasattr(dataset, 'set_epoch'):
        dataset.set_epoch(epoch)
        return
    inner = list(getattr(dataset, 'datasets', []))
    if hasattr(dataset, 'dataset'):
        inner.append(dataset.dataset)
    for item in inner:
        set_dataset_epoch(item, epoch)
