"""Makes each epoch's randomness a function of the seed and the epoch alone."""

from __future__ import annotations

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from difftracker.datasets.dataset_epoch import set_dataset_epoch
from difftracker.models.text import TextEncoder
from difftracker.registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seeds all generators from `(seed, epoch)`, tells the data set the epoch and empties the cache of sentences.

    A run that was killed and resumed at an epoch's start thus draws what the uninterrupted run would have drawn: the
    same pairs, sentences, augmentations, dropout and denoising queries. Of several processes each draws for itself.

    Args:
        seed: Seed of the run.
    """

    priority = 'VERY_HIGH'

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def before_train_epoch(self, runner: Runner) -> None:
        """Seeds before the data loader starts its workers."""
        # Processes see pairs of their own; with equal draws their noise would be one noise. What the data set draws
        # depends on the pair, not on the process.
        state = int(np.random.SeedSequence((self.seed, runner.epoch, get_rank())).generate_state(1)[0])
        random.seed(state)
        np.random.seed(state)  # noqa: NPY002  (for third-party transforms, which draw from the global state)
        torch.manual_seed(state)
        set_dataset_epoch(runner.train_dataloader.dataset, runner.epoch)
        for module in runner.model.modules():
            if isinstance(module, TextEncoder):
                module.clear_cache()
