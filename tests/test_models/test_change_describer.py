"""The loss on names and colours."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from difftracker.models.heads import ChangeDescriber

WORDS = {'cat': 0, 'dog': 1, 'red': 2, 'blue': 3}


def encode(texts):
    return torch.eye(8)[[WORDS[text] for text in texts]]


def describer(**settings):
    module = ChangeDescriber(8, **settings)
    with torch.no_grad():
        module.project.weight.copy_(torch.eye(8).repeat(4, 1))
        module.project.bias.zero_()
    return module


@torch.no_grad()
def test_by_hand():
    evidence = torch.eye(8)[torch.tensor([[0, 1], [1, 0]])]
    descriptions = [[('cat', None, 'red', None), ('cat', None, None, None)], [('dog', 'dog', 'red', None)]]
    found = describer().loss(evidence, descriptions, encode)['loss_describe']
    # Names before: two of three are told right; the other attributes offer no choice.
    scale = torch.tensor(2.5).exp()
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]) * scale
    torch.testing.assert_close(found, F.cross_entropy(logits, torch.tensor([0, 0, 1])))


@torch.no_grad()
def test_a_vocabulary_adds_names_to_tell_from_and_no_colours():
    evidence = torch.eye(8)[torch.tensor([[0, 1]])]
    descriptions = [[('cat', None, 'red', None), ('cat', None, None, None)]]
    module = describer(vocabulary=('cat', 'dog'))
    found = module.loss(evidence, descriptions, encode)['loss_describe']
    logits = torch.tensor([[1.0, 0.0], [0.0, 1.0]]) * torch.tensor(2.5).exp()
    torch.testing.assert_close(found, F.cross_entropy(logits, torch.tensor([0, 0])))


def test_nothing_known_costs_nothing_and_keeps_the_graph():
    module = describer()
    found = module.loss(torch.randn(1, 2, 8), [[(None,) * 4, ('cat', None, None, None)]], encode)['loss_describe']
    assert float(found) == 0
    found.backward()
    assert not module.project.weight.grad.any()
