"""Lets `load_from` of a config name a published weights file."""

from __future__ import annotations

from mmengine.runner import CheckpointLoader
from torch import Tensor

from difftracker.checkpoint import load_weights


@CheckpointLoader.register_scheme(prefixes=r'.*\.safetensors$')
def load_safetensors(filename: str, map_location: str | None = None) -> dict[str, dict[str, Tensor]]:
    """Reads weights to start from, as mmengine expects them: its own loader takes files of torch alone.

    Args:
        filename: A `.safetensors` file.
        map_location: Device that the weights go to, None for the CPU.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    tensors, _ = load_weights(filename)
    return {'state_dict': {name: tensor.to(map_location or 'cpu') for name, tensor in tensors.items()}}
