"""Freezing by name."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from difftracker.engine import FreezeHook
from difftracker.errors import ConfigError


def model():
    return nn.ModuleDict({'image': nn.Linear(2, 2), 'imagery': nn.Linear(2, 2), 'words': nn.Linear(2, 2)})


def test_only_what_is_named_stands_still():
    parts = model()
    FreezeHook(['image.', 'words.bias']).before_train(SimpleNamespace(model=parts))
    trained = {name for name, parameter in parts.named_parameters() if parameter.requires_grad}
    assert trained == {'imagery.weight', 'imagery.bias', 'words.weight'}
    before = {name: value.clone() for name, value in parts.state_dict().items()}
    optimizer = torch.optim.AdamW(parts.parameters(), lr=0.1, weight_decay=0.5)
    parts['words'](parts['imagery'](parts['image'](torch.ones(1, 2)))).sum().backward()
    optimizer.step()
    assert {name for name, value in parts.state_dict().items() if not torch.equal(value, before[name])} == trained


def test_a_name_that_fits_nothing_is_an_error():
    with pytest.raises(ConfigError, match=r"prefixes: expected .*, found \['img\.'\]"):
        FreezeHook(['image.', 'img.']).before_train(SimpleNamespace(model=model()))


@pytest.mark.parametrize('told', [False, True])
def test_several_processes_must_be_told(monkeypatch, told):
    wrapper = SimpleNamespace(module=model(), find_unused_parameters=told)
    monkeypatch.setattr('difftracker.engine.freeze_hook.is_model_wrapper', lambda item: item is wrapper)
    if told:
        FreezeHook(['image.']).before_train(SimpleNamespace(model=wrapper))
        assert not wrapper.module['image'].weight.requires_grad
    else:
        with pytest.raises(ConfigError, match='expected find_unused_parameters = True'):
            FreezeHook(['image.']).before_train(SimpleNamespace(model=wrapper))
