"""Mixed precision that works on CPUs and GPUs alike."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from torch import nn

from difftracker.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class Bf16OptimWrapper(OptimWrapper):
    """Runs the forward pass under bfloat16 autocast.

    mmengine's `AmpOptimWrapper` refuses to run on a CPU. bfloat16 has the exponent range of float32, so no loss scaling
    is needed and none of its state has to be saved.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast around mmengine's own context (gradient accumulation)."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, dtype=torch.bfloat16):
            yield
