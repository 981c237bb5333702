"""Several processes on machines without a GPU."""

from __future__ import annotations

import torch
import torch.distributed
from mmengine.config import Config

from difftracker.errors import ConfigError


def join_processes_on_cpu(config: Config) -> None:
    """Does what mmengine's own start leaves out where there is no GPU, and nothing where there is one.

    mmengine gives each process a GPU before the processes meet, and names that GPU when it wraps the model. Here they
    meet through gloo first, which mmengine then finds done, and the model is wrapped without a device.

    Args:
        config: The run; `model_wrapper_cfg` is filled in.

    Raises:
        ConfigError: The launcher starts processes in a way that needs GPUs.
    """
    if torch.cuda.is_available() or config.launcher == 'none':
        return
    if config.launcher != 'pytorch':
        raise ConfigError(f'--launcher: expected pytorch on a machine without a GPU, found {config.launcher}')
    torch.distributed.init_process_group('gloo')
    config.model_wrapper_cfg = {
        'type': 'MMDistributedDataParallel',
        'device_ids': None,
        'broadcast_buffers': False,
        'find_unused_parameters': config.get('find_unused_parameters', False),
    }
