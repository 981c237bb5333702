"""What several training processes must agree on, so that together they compute the losses of one large batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from mmengine.dist import all_gather_object, all_reduce, get_world_size
from torch import Tensor


def loss_divisors(*counts: Tensor) -> tuple[Tensor, ...]:
    """Turns local counts (of positives, of sentences) into what the local sums of losses are divided by.

    The average over the processes of `local sum / divisor` is `sum of all / max(count of all, 1)`: the loss that one
    process has on the joint batch. Gradients are averaged over processes in the same way. All counts travel in one
    message; every process must make the same calls in the same order.

    Args:
        counts: Scalars of one device.

    Returns:
        One divisor per count: in a single process the count itself, at least 1.
    """
    processes = get_world_size()
    if processes == 1:
        return tuple(count.clamp(min=1) for count in counts)
    # float64 holds every count exactly.
    total = torch.stack([count.detach().double() for count in counts])
    all_reduce(total)
    return (total.clamp(min=1) / processes).float().unbind()


def largest_anywhere(numbers: Sequence[int], device: torch.device) -> list[int]:
    """Returns the largest value of each number over all processes.

    Args:
        numbers: The own values.
        device: Device of the model, over which the processes speak.
    """
    if get_world_size() == 1:
        return list(numbers)
    shared = torch.tensor(numbers, device=device)
    all_reduce(shared, 'max')
    return shared.tolist()


def mean_anywhere(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Returns each scalar averaged over all processes; every process must hold the same names in the same order."""
    if get_world_size() == 1:
        return values
    stacked = torch.stack([value.detach().float() for value in values.values()])
    all_reduce(stacked, 'mean')
    return type(values)(zip(values, stacked.unbind(), strict=True))


def union_anywhere(groups: Sequence[set[str]]) -> list[list[str]]:
    """Returns the sorted union over all processes of each set of words."""
    shares = [groups] if get_world_size() == 1 else all_gather_object(list(groups))
    return [sorted(set().union(*group)) for group in zip(*shares, strict=True)]
