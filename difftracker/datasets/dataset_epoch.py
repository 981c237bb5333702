"""Tells data sets which epoch it is."""

from __future__ import annotations

from typing import Any


def set_dataset_epoch(dataset: Any, epoch: int) -> None:
    """Calls `set_epoch(epoch)` on a data set or on those that it wraps.

    Args:
        dataset: A data set with `set_epoch`, or a wrapper that has none: mmengine's `ConcatDataset` and
            `RepeatDataset`, torch's `Subset`.
        epoch: The epoch that begins, from 0.
    """
    if hasattr(dataset, 'set_epoch'):
        dataset.set_epoch(epoch)
        return
    inner = list(getattr(dataset, 'datasets', []))
    if hasattr(dataset, 'dataset'):
        inner.append(dataset.dataset)
    for item in inner:
        set_dataset_epoch(item, epoch)
