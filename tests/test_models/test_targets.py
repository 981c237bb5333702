"""Ground truth of unequal pairs in one table."""

from __future__ import annotations

import torch

from difftracker.models.targets import PairTargets
from tests.test_models.tiny import make_sample


def targets():
    first = make_sample([(0, 0, 32, 16), (16, 16, 48, 64)], ['a', 'b'], [[1, 0], [0, 1]], kinds=[2, -1])
    first.gt_changes.valid_before[1] = False
    second = make_sample([(8, 8, 9, 9)], ['c', 'd', 'e'], [[1], [0], [0]])
    return PairTargets.from_samples([first, second, make_sample(texts=['f'])], (64, 128), torch.device('cpu'))


def test_values_and_padding():
    found = targets()
    # The canvas is 128 wide and 64 high.
    torch.testing.assert_close(found.after_boxes[0, 0], torch.tensor([0.125, 0.125, 0.25, 0.25]))
    torch.testing.assert_close(found.before_boxes[0, 1], torch.tensor([0.25, 0.625, 0.25, 0.75]))
    torch.testing.assert_close(found.after_boxes[1, 0], torch.tensor([8.5 / 128, 8.5 / 64, 1 / 128, 1 / 64]))
    assert found.before_valid.tolist() == [[True, False], [True, False], [False, False]]
    assert found.after_valid.tolist() == [[True, True], [True, False], [False, False]]
    assert found.kinds.tolist() == [[2, -1], [0, -1], [-1, -1]]
    assert found.asked.tolist() == [[True, True, False], [True, True, True], [True, False, False]]
    assert found.answers.int().tolist() == [
        [[1, 0], [0, 1], [0, 0]],
        [[1, 0], [0, 0], [0, 0]],
        [[0, 0], [0, 0], [0, 0]],
    ]


def test_one_row_per_sentence():
    plain, found = targets(), targets().repeat(3)
    assert found.answers.shape == (9, 1, 2) and found.asked.shape == (9, 1)
    for row in range(9):
        pair, sentence = divmod(row, 3)
        assert torch.equal(found.answers[row, 0], plain.answers[pair, sentence])
        assert found.asked[row, 0] == plain.asked[pair, sentence]
        for name in ('before_boxes', 'after_boxes', 'before_valid', 'after_valid', 'kinds'):
            assert torch.equal(getattr(found, name)[row], getattr(plain, name)[pair])


def test_a_batch_without_changes():
    found = PairTargets.from_samples([make_sample(), make_sample()], (64, 64), torch.device('cpu'))
    assert found.after_boxes.shape == (2, 0, 4)
    assert found.answers.shape == (2, 1, 0)
    assert found.repeat(2).after_valid.shape == (4, 0)


def test_everything_stays_on_the_device_of_the_truth():
    device = torch.device('meta')  # stands in for a GPU: it takes no part in arithmetic with tensors of the CPU
    sample = make_sample([(0, 0, 32, 16)], ['a', 'b'])
    found = PairTargets.from_samples([sample.to(device), sample.to(device)], (64, 64), device)
    assert {item.device.type for item in found} == {'meta'}
    assert found.after_boxes.shape == (2, 1, 4)
