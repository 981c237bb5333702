"""Two processes, each with half of a batch, train what one process trains with the whole batch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_engine import share_of_batches

ROOT = Path(__file__).parents[2]
BATCHES = list(share_of_batches.batches())


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    """What one process and two processes wrote."""
    folder = tmp_path_factory.mktemp('processes')
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': ''}
    results = []
    for count in (1, 2):
        out = folder / f'{count}.json'
        command = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', str(count)]
        command += [share_of_batches.__file__, str(out)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        results.append(json.loads(out.read_text()))
    return results


@pytest.mark.slow
@pytest.mark.parametrize('model', share_of_batches.CONFIGS)
@pytest.mark.parametrize('step', range(len(BATCHES)), ids=BATCHES)
def test_losses(found, model, step):
    one, two = (result[model]['steps'][step] for result in found)
    # Where nothing changed, one process leaves a loss out; several keep it at zero, for the sake of its parameters.
    assert {name: two[name] for name in two.keys() - one.keys()} in ({}, {'loss_describe': 0.0})
    two = {name: two[name] for name in one}
    assert ('loss_describe' in one) == (BATCHES[step] != 'changes nowhere')
    assert one == {name: pytest.approx(value, rel=2e-4, abs=2e-6) for name, value in two.items()}
    assert one['loss'] > 0
    assert (one['loss_l1'] > 0) == (BATCHES[step] != 'changes nowhere')


@pytest.mark.slow
@pytest.mark.parametrize('model', share_of_batches.CONFIGS)
def test_weights_after_the_steps(found, model):
    """The gradients of all steps, the zero ones included, and the first process's start."""
    one, two = (result[model] for result in found)
    assert two['weights'] == {name: pytest.approx(value, rel=1e-4, abs=1e-6) for name, value in one['weights'].items()}
    assert two['sample'] == pytest.approx(one['sample'], abs=1e-5)
