"""Training machinery beyond mmengine's own; importing this package registers all of it."""

from .bf16_optim_wrapper import Bf16OptimWrapper
from .epoch_seed_hook import EpochSeedHook
from .freeze_hook import FreezeHook
from .merged_optim_constructor import MergedOptimWrapperConstructor
from .non_finite_loss_hook import NonFiniteLossHook
from .safetensors_loader import load_safetensors
from .timed_train_loop import TimedTrainLoop

__all__ = [
    'Bf16OptimWrapper',
    'EpochSeedHook',
    'FreezeHook',
    'MergedOptimWrapperConstructor',
    'NonFiniteLossHook',
    'TimedTrainLoop',
    'load_safetensors',
]
