"""A run that ends by the clock; the clock is ours."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from difftracker.engine import TimedTrainLoop, timed_train_loop
from difftracker.errors import ConfigError
from tests.test_engine.toy_run import ToyModel, ToyPairs

SECONDS_PER_STEP = 10.0


class SlowModel(ToyModel):
    """Each training step takes ten seconds of the given clock; remembers the rates."""

    def __init__(self, clock):
        super().__init__()
        self.clock = clock
        self.rates = []

    def train_step(self, data, optim_wrapper):
        self.clock.now += SECONDS_PER_STEP
        self.rates.append([group['lr'] for group in optim_wrapper.optimizer.param_groups])
        return super().train_step(data, optim_wrapper)


class CountedValidation(BaseLoop):
    """Remembers after which steps it was called."""

    def __init__(self, runner):
        self._runner = runner
        self.calls = []

    def run(self):
        self.calls.append(self._runner.iter)


@pytest.fixture()
def clock(monkeypatch):
    shown = SimpleNamespace(now=1000.0)
    monkeypatch.setattr(timed_train_loop, 'time', SimpleNamespace(monotonic=lambda: shown.now))
    return shown


def loader():
    data = ToyPairs()
    return DataLoader(data, 2, sampler=DefaultSampler(data, shuffle=False), collate_fn=lambda batch: _joined(batch))


def _joined(batch):
    return {key: [item[key] for item in batch] for key in batch[0]}


def run(folder, clock, resume=False, **settings):
    """Trains; the optimizer has two groups, the second at half the rate."""
    torch.manual_seed(0)
    model = SlowModel(clock)
    model.other = torch.nn.Parameter(torch.ones(1))
    groups = [{'params': [model.weight]}, {'params': [model.other], 'lr': 0.05}]
    runner = Runner(
        model=model,
        work_dir=str(folder),
        train_dataloader=loader(),
        train_cfg={'type': 'TimedTrainLoop', 'minutes': 2, 'warmup_iters': 2, 'final_ratio': 0.1, **settings},
        optim_wrapper={'type': 'OptimWrapper', 'optimizer': torch.optim.SGD(groups, lr=0.1)},
        default_hooks={'checkpoint': {'type': 'CheckpointHook', 'interval': 1}},
        default_scope='mmdet',
        experiment_name=f'{folder.name}-{clock.now}',
        resume=resume,
    )
    runner._val_loop = CountedValidation(runner)
    runner.train()
    return runner, model, runner.val_loop.calls


def expected_rate(step):
    """Of the first group: two steps of rise, then a cosine over twelve steps of ten seconds, from 0.1 to 0.01."""
    cosine = 0.01 + 0.09 * 0.5 * (1 + math.cos(math.pi * step / 12))
    return cosine * min(1, (step + 1) / 2)


def test_the_rate_follows_the_time_and_the_run_ends_with_it(tmp_path, clock):
    runner, model, calls = run(tmp_path, clock)
    rates = [first for first, _ in model.rates]
    assert rates == pytest.approx([expected_rate(step) for step in range(12)])
    assert [second / first for first, second in model.rates] == pytest.approx([0.5] * 12)
    assert runner.iter == 12 and runner.epoch == 4
    assert calls == [12]
    assert runner.train_loop.finished
    # The log's time left: after the first step the length of the run is known.
    assert runner.max_iters == 12


def test_a_run_in_parts_is_one_run(tmp_path, clock):
    folder = tmp_path / 'parts'
    steps, rates = [], []
    for part in range(4):
        clock.now += 5000.0
        # 35 s are over after the fourth step, in the midst of an epoch of three.
        runner, model, calls = run(folder, clock, resume=part > 0, stop_after=35 / 60)
        steps.append(runner.iter)
        rates += [first for first, _ in model.rates]
        assert runner.train_loop.finished == bool(calls) == (part >= 2)
    assert steps == [4, 8, 12, 12]
    assert rates == pytest.approx([expected_rate(step) for step in range(12)])
    assert {path.name for path in folder.glob('*.pth')} == {f'epoch_{number}.pth' for number in range(1, 7)}


def test_the_wait_for_the_first_batch_is_not_counted(tmp_path, clock, monkeypatch):
    def slow_start(self):
        clock.now += 500.0
        return iter(self._batches)

    batches = list(loader())
    monkeypatch.setattr(DataLoader, '_batches', batches, raising=False)
    monkeypatch.setattr(DataLoader, '__iter__', slow_start)
    runner, _, _ = run(tmp_path, clock)
    assert runner.iter == 12
    assert runner.train_loop.trained == pytest.approx(120.0)


def test_a_late_start_makes_one_step(tmp_path, clock, monkeypatch):
    wait = TimedTrainLoop.run

    def late(self):
        clock.now += 1000.0
        return wait(self)

    monkeypatch.setattr(TimedTrainLoop, 'run', late)
    runner, _, _ = run(tmp_path, clock, stop_after=1)
    assert runner.iter == 1 and not runner.train_loop.finished


@pytest.mark.parametrize('settings', [{'minutes': 0}, {'stop_after': -1}, {'final_ratio': 2}, {'warmup_iters': -1}])
def test_faulty_settings(tmp_path, clock, settings):
    with pytest.raises(ConfigError, match='TimedTrainLoop: expected minutes'):
        run(tmp_path, clock, **settings)


def test_several_processes_are_refused(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(timed_train_loop, 'get_world_size', lambda: 2)
    with pytest.raises(ConfigError, match='expected one process, found 2'):
        run(tmp_path, clock)
