"""The mean of several sets of weights of one architecture."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from difftracker.errors import CheckpointError

StateDict = dict[str, Tensor]


def mean_weights(sources: Mapping[str, StateDict]) -> StateDict:
    """Averages tensor by tensor, in float64.

    Args:
        sources: Weights by the file that they come from.

    Returns:
        Tensors typed like those of the first source. What is no floating point number (counters, tables) must be equal
        in all sources and stays as it is.

    Raises:
        CheckpointError: The sources differ in names, in shapes, or in what cannot be averaged.
    """
    (first_name, first), *others = sources.items()
    for name, weights in others:
        if weights.keys() != first.keys():
            odd = sorted(weights.keys() ^ first.keys())
            raise CheckpointError(
                name, f'expected the tensors of {first_name}, found {len(odd)} others, such as {odd[0]}'
            )
    mean = {}
    for key, tensor in first.items():
        for name, weights in others:
            if weights[key].shape != tensor.shape:
                raise CheckpointError(
                    name, f'expected {key} of shape {tuple(tensor.shape)}, found {tuple(weights[key].shape)}'
                )
            if not tensor.is_floating_point() and not torch.equal(weights[key], tensor):
                raise CheckpointError(name, f'expected {key}, which has no mean, as in {first_name}, found another')
        total = sum(weights[key].double() for weights in sources.values())
        mean[key] = (total / len(sources)).to(tensor.dtype) if tensor.is_floating_point() else tensor
    return mean
