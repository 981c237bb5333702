"""Mixed precision that works on CPUs and GPUs alike."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from torch import nn

from difftracker.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class Bf16OptimWrapper(OptimWrapper):
    """Runs the forward pass under bfloat16 autocast, where the processor computes that.

    mmengine's `AmpOptimWrapper` refuses to run on a CPU. bfloat16 has the exponent range of float32, so no loss scaling
    is needed and none of its state has to be saved. On a CPU without the instructions PyTorch emulates bfloat16 (matrix
    products took 70 times as long as in float32 on one with AVX2 alone); there it is float32, and the log says so.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast around mmengine's own context (gradient accumulation)."""
        device = next(model.parameters()).device.type
        autocast = torch.autocast(device, dtype=torch.bfloat16, enabled=_computes_bfloat16(device))
        with super().optim_context(model), autocast:
            yield


@cache
def _computes_bfloat16(device: str) -> bool:
    """Tells whether bfloat16 is faster than float32, and logs once where it is not."""
    if device != 'cpu' or (torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()):
        return True
    print_log('this CPU has no instructions for bfloat16: training in float32', 'current', logging.WARNING)
    return False
