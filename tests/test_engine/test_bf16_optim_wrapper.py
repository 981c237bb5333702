"""Mixed precision on a CPU."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from difftracker.engine import Bf16OptimWrapper, bf16_optim_wrapper
from difftracker.registry import OPTIM_WRAPPERS


class _Watched(nn.Linear):
    """Remembers the type of what it computed."""

    def forward(self, x):
        self.last = super().forward(x)
        return self.last


@pytest.fixture(params=[True, False], ids=['computed', 'emulated'], autouse=True)
def bfloat16(request, monkeypatch):
    """Stands for a processor that computes bfloat16, or emulates it; tells which."""
    bf16_optim_wrapper._computes_bfloat16.cache_clear()
    monkeypatch.setattr(torch.ops.mkldnn, '_is_mkldnn_bf16_supported', lambda: request.param)
    yield request.param
    bf16_optim_wrapper._computes_bfloat16.cache_clear()


def test_computes_in_bfloat16_where_that_is_fast_and_keeps_weights_in_float32(bfloat16):
    model = _Watched(4, 3)
    wrapper = OPTIM_WRAPPERS.build({'type': 'Bf16OptimWrapper', 'optimizer': torch.optim.SGD(model.parameters(), lr=1)})
    assert isinstance(wrapper, Bf16OptimWrapper)
    before = model.weight.detach().clone()
    with wrapper.optim_context(model):
        loss = model(torch.ones(2, 4)).float().sum()
    assert model.last.dtype == (torch.bfloat16 if bfloat16 else torch.float32)
    assert model(torch.ones(2, 4)).dtype == torch.float32
    wrapper.update_params(loss)
    assert model.weight.dtype == torch.float32 and model.weight.grad is None or not model.weight.grad.any()
    torch.testing.assert_close(model.weight.detach(), before - 2)


def test_gradients_add_up_over_iterations():
    model = _Watched(4, 3)
    wrapper = Bf16OptimWrapper(torch.optim.SGD(model.parameters(), lr=1), accumulative_counts=2)
    wrapper.initialize_count_status(model, 0, 4)
    before = model.weight.detach().clone()
    for step in range(2):
        assert torch.equal(model.weight, before)
        with wrapper.optim_context(model):
            loss = model(torch.full((1, 4), step + 1.0)).float().sum()
        wrapper.update_params(loss)
    torch.testing.assert_close(model.weight.detach(), before - 1.5)


def test_state_needs_no_scaler():
    model = nn.Linear(2, 2)
    wrapper = Bf16OptimWrapper(torch.optim.SGD(model.parameters(), lr=1))
    assert set(wrapper.state_dict()) <= {'state', 'param_groups', 'base_param_settings'}
