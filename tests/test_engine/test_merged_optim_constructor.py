"""Few groups, the same steps."""

from __future__ import annotations

import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import nn

import difftracker.engine  # noqa: F401

SETTINGS = {
    'type': 'OptimWrapper',
    'optimizer': {'type': 'AdamW', 'lr': 0.01, 'weight_decay': 0.1},
    'paramwise_cfg': {'norm_decay_mult': 0.0, 'bias_decay_mult': 0.0, 'custom_keys': {'slow': {'lr_mult': 0.1}}},
}


def build(**changes):
    torch.manual_seed(0)
    parts = {'slow': nn.Linear(3, 3), 'norm': nn.LayerNorm(3), 'fast': nn.Linear(3, 3), 'fixed': nn.Linear(3, 3)}
    model = nn.Sequential()
    for name, part in parts.items():
        model.add_module(name, part)
    model.fixed.requires_grad_(False)
    with DefaultScope.overwrite_default_scope('mmdet'):
        return model, build_optim_wrapper(model, {**SETTINGS, **changes})


def test_equal_settings_share_a_group():
    model, wrapper = build(constructor='MergedOptimWrapperConstructor')
    groups = wrapper.optimizer.param_groups
    found = {(group['lr'], group['weight_decay']): group['params'] for group in groups}
    assert len(found) == len(groups) == 3
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    told = {key: {names[id(parameter)] for parameter in group} for key, group in found.items()}
    assert told == {
        (0.001, 0.1): {'slow.weight', 'slow.bias'},
        (0.01, 0.0): {'norm.weight', 'norm.bias', 'fast.bias'},
        (0.01, 0.1): {'fast.weight'},
    }


def test_steps_are_the_same():
    models = []
    for changes in ({}, {'constructor': 'MergedOptimWrapperConstructor'}):
        model, wrapper = build(**changes)
        for step in range(3):
            wrapper.update_params(model(torch.full((2, 3), 1.0 + step)).square().sum())
        models.append(model)
    for first, second in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(first, second)
