"""The mean of weights as a user calls it."""

from __future__ import annotations

import re

import pytest
import torch

from difftracker.checkpoint import load_weights, save_weights
from tools import average

FIRST = {'a': torch.tensor([1.0, 2.0]), 'half': torch.tensor([0.5], dtype=torch.float16), 'table': torch.tensor([3])}


@pytest.fixture()
def files(tmp_path):
    def save(name, **changes):
        return str(save_weights(tmp_path / f'{name}.safetensors', {**FIRST, **changes}, {}))

    return save


def test_mean_by_hand(files, tmp_path):
    out = tmp_path / 'mean.safetensors'
    second = files('second', a=torch.tensor([3.0, -2.0]), half=torch.tensor([0.25], dtype=torch.float16))
    third = files('third', a=torch.tensor([5.0, 6.0]), half=torch.tensor([0.75], dtype=torch.float16))
    assert average.main([files('first'), second, third, '--out', str(out)]) == 0
    found = load_weights(out)[0]
    expected = {'a': torch.tensor([3.0, 2.0]), 'half': FIRST['half'], 'table': FIRST['table']}
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert torch.equal(found[name], tensor) and found[name].dtype == tensor.dtype


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'b': torch.zeros(1)}, 'expected the tensors of .*first.*found 1 others, such as b'),
        ({'a': torch.zeros(3)}, r'expected a of shape \(2,\), found \(3,\)'),
        ({'table': torch.tensor([4])}, 'expected table, which has no mean'),
    ],
)
def test_weights_that_do_not_fit(files, tmp_path, capsys, changes, words):
    out = tmp_path / 'mean.safetensors'
    assert average.main([files('first'), files('other', **changes), '--out', str(out)]) == 1
    message = capsys.readouterr().err
    assert 'other.safetensors' in message and re.search(words, message) and not out.exists()


def test_one_is_no_mean(files, tmp_path, capsys):
    with pytest.raises(SystemExit):
        average.main([files('first'), '--out', str(tmp_path / 'mean.safetensors')])
    assert 'at least two' in capsys.readouterr().err
