"""What an epoch draws follows from the seed and its number alone."""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np
import torch

import difftracker.engine  # noqa: F401
from difftracker.engine import EpochSeedHook
from difftracker.models.text import TextEncoder
from tests.test_engine.toy_run import ToyModel, ToyPairs, toy_runner


def draws(seed, epoch):
    dataset = ToyPairs()
    loader = SimpleNamespace(dataset=dataset)
    runner = SimpleNamespace(epoch=epoch, train_dataloader=loader, model=torch.nn.Linear(1, 1))
    EpochSeedHook(seed).before_train_epoch(runner)
    assert dataset.epochs == [epoch]
    legacy = float(np.random.rand())  # noqa: NPY002 - libraries still draw from it
    return random.random(), legacy, float(torch.rand(1))


def test_the_state_follows_seed_and_epoch():
    base = draws(0, 3)
    torch.rand(99)
    assert draws(0, 3) == base
    others = [draws(0, 4), draws(1, 3), draws(3, 0)]
    for place in range(3):
        assert len({base[place], *(other[place] for other in others)}) == 4


def test_a_later_epoch_needs_no_earlier_one(tmp_path):
    hooks = [{'type': 'EpochSeedHook', 'seed': 5}]
    whole, resumed = ToyModel(), ToyModel()
    (tmp_path / 'whole').mkdir()
    (tmp_path / 'resumed').mkdir()
    runner = toy_runner(tmp_path / 'whole', whole, hooks, saved_by_epoch=True)
    runner.train()
    assert runner.train_dataloader.dataset.epochs == [0, 1]
    torch.rand(7)
    runner = toy_runner(tmp_path / 'resumed', resumed, hooks, saved_by_epoch=True)
    runner.resume(str(tmp_path / 'whole' / 'epoch_1.pth'))
    runner.train()
    assert runner.train_dataloader.dataset.epochs == [1]
    assert whole.draws[3:] == resumed.draws
    assert len(set(whole.draws)) == 6
    assert torch.equal(whole.weight, resumed.weight)


def test_sentences_are_forgotten():
    """What they were encoded with decides their last bits, and a resumed run has met no earlier epoch's sentences."""
    architecture = {'hidden_size': 8, 'num_hidden_layers': 1, 'num_attention_heads': 1, 'intermediate_size': 8}
    encoder = TextEncoder(out_channels=32, pretrained=False, architecture=architecture).eval()
    encoder(['a red car'])
    runner = SimpleNamespace(
        epoch=1, train_dataloader=SimpleNamespace(dataset=ToyPairs()), model=torch.nn.Sequential(encoder)
    )
    EpochSeedHook(0).before_train_epoch(runner)
    assert not encoder._cache
