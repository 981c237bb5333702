"""A loss that is no number ends the run, with the culprit's name and before anything is saved."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

import difftracker.engine  # noqa: F401
from difftracker.checkpoint import load_weights
from difftracker.engine import NonFiniteLossHook
from difftracker.errors import DiffTrackerError
from difftracker.structures.pair_data_sample import PairDataSample
from tests.test_engine.toy_run import ToyModel, toy_runner


@pytest.mark.parametrize('number', [float('nan'), float('inf'), -float('inf')])
def test_stops_before_the_checkpoint(tmp_path, number):
    runner = toy_runner(tmp_path, ToyModel({'pair-3': number}), [{'type': 'NonFiniteLossHook'}])
    with pytest.raises(DiffTrackerError) as caught:
        runner.train()
    message = str(caught.value)
    assert "'loss_box'" in message and "['pair-2', 'pair-3']" in message and 'iteration 1' in message
    assert 'loss_kind' not in message
    # The first iteration was sound and is saved, the second is not.
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['iter_1.pth']
    weights, _ = load_weights(tmp_path / 'iter_1.pth')
    assert weights['weight'].isfinite().all()


class SteepModel(ToyModel):
    """A finite loss whose gradient is infinite from the third iteration on."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        steep = len(self.draws) >= 2
        losses = super().forward(inputs, data_samples, mode)
        return {
            **losses,
            'loss_root': (self.weight - self.weight.detach()).abs().sqrt().sum() if steep else losses['loss_kind'],
        }


def test_weights_that_are_no_numbers_are_never_saved(tmp_path):
    runner = toy_runner(tmp_path, SteepModel(), [{'type': 'NonFiniteLossHook'}])
    with pytest.raises(DiffTrackerError, match='iteration 2: expected finite weights, .* the first is weight'):
        runner.train()
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['iter_1.pth', 'iter_2.pth']
    assert (tmp_path / 'last_checkpoint').read_text().endswith('iter_2.pth')


def test_a_sound_run_goes_on(tmp_path):
    toy_runner(tmp_path, ToyModel(), [{'type': 'NonFiniteLossHook'}]).train()
    assert len(list(tmp_path.glob('*.pth'))) == 6


@pytest.mark.parametrize('outputs', [None, {}, {'loss': torch.tensor(1.0), 'loss_a': 3.0}])
def test_nothing_to_say(outputs):
    NonFiniteLossHook().after_train_iter(SimpleNamespace(iter=0), 0, None, outputs)


def test_every_broken_loss_is_named():
    batch = {'data_samples': [PairDataSample(metainfo={'pair_id': 'p'})]}
    outputs = {'loss': torch.tensor(float('nan')), 'loss_a': torch.tensor(1.0), 'loss_b': float('inf')}
    with pytest.raises(DiffTrackerError, match=r"iteration 7: .*'loss': nan.*'loss_b': inf.*\['p'\]"):
        NonFiniteLossHook().after_train_iter(SimpleNamespace(iter=7), 0, batch, outputs)
