"""What several processes without GPUs need of the config."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config

from difftracker.engine.cpu_launch import join_processes_on_cpu
from difftracker.errors import ConfigError


@pytest.fixture()
def meetings(monkeypatch):
    """Names of the back ends that processes met through."""
    found = []
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(torch.distributed, 'init_process_group', found.append)
    return found


def test_without_a_gpu_processes_meet_through_gloo(meetings):
    config = Config({'launcher': 'pytorch', 'find_unused_parameters': True})
    join_processes_on_cpu(config)
    assert meetings == ['gloo']
    assert config.model_wrapper_cfg.device_ids is None and config.model_wrapper_cfg.find_unused_parameters


@pytest.mark.parametrize('gpu', [False, True])
def test_nothing_is_done_where_nothing_is_missing(meetings, monkeypatch, gpu):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    config = Config({'launcher': 'slurm' if gpu else 'none'})
    join_processes_on_cpu(config)
    assert meetings == [] and 'model_wrapper_cfg' not in config


def test_slurm_asks_for_gpus(meetings):
    with pytest.raises(ConfigError, match='expected pytorch on a machine without a GPU, found slurm'):
        join_processes_on_cpu(Config({'launcher': 'slurm'}))
