"""Matching against all permutations."""

from __future__ import annotations

import itertools

import pytest
import torch

from difftracker.models.heads import ChangeMatcher
from difftracker.models.layers.box_ops import aligned_iou, cxcywh_to_xyxy
from difftracker.models.targets import PairTargets


def random_boxes(*shape):
    return torch.cat([torch.rand(*shape, 2) * 0.6 + 0.2, torch.rand(*shape, 2) * 0.3 + 0.05], dim=-1)


def targets_of(boxes, valid):
    count = boxes.shape[1]
    none = torch.zeros(len(boxes), 1, count, dtype=torch.bool)
    return PairTargets(boxes, boxes, valid, valid, torch.zeros(len(boxes), count).long(), none, none[:, :, :1])


def cost(logit, box, wanted):
    _, giou = aligned_iou(cxcywh_to_xyxy(box), cxcywh_to_xyxy(wanted))
    return 5 * (box - wanted).abs().sum() - 2 * giou - 2 * torch.sigmoid(logit)


def best(logits, boxes, wanted, valid):
    """The cheapest assignment of one sample, by trying all."""
    columns = valid.nonzero().squeeze(1).tolist()
    pairs = min(len(columns), len(boxes))
    options = []
    for queries in itertools.permutations(range(len(boxes)), pairs):
        for picks in itertools.combinations(columns, pairs):
            total = sum(cost(logits[q], boxes[q], wanted[c]) for q, c in zip(queries, picks, strict=True))
            options.append((float(total), dict(zip(queries, picks, strict=True))))
    chosen = min(options, key=lambda option: option[0])[1]
    return [chosen.get(query, -1) for query in range(len(boxes))]


@pytest.mark.parametrize(('queries', 'changes'), [(4, 3), (3, 3), (2, 4)])
def test_no_assignment_is_cheaper(queries, changes):
    logits, boxes, wanted = torch.randn(3, queries), random_boxes(3, queries), random_boxes(3, changes)
    valid = torch.ones(3, changes, dtype=torch.bool)
    valid[1, 0] = False
    valid[2] = False
    found = ChangeMatcher()(logits, boxes, targets_of(wanted, valid))
    for row in range(3):
        assert found[row].tolist() == best(logits[row], boxes[row], wanted[row], valid[row])
    assert (found[2] == -1).all()
    assert not (found[1] == 0).any()


def test_the_score_decides_between_equal_boxes():
    boxes = random_boxes(1, 1).expand(1, 3, 4)
    found = ChangeMatcher()(torch.tensor([[0.0, 2.0, 1.0]]), boxes, targets_of(boxes[:, :1], torch.ones(1, 1).bool()))
    assert found.tolist() == [[-1, 0, -1]]


def test_no_changes():
    targets = targets_of(torch.zeros(2, 0, 4), torch.ones(2, 0).bool())
    found = ChangeMatcher()(torch.randn(2, 3), random_boxes(2, 3), targets)
    assert found.tolist() == [[-1] * 3] * 2


def test_numbers_that_are_none_are_left_to_the_check_of_the_losses():
    boxes = random_boxes(1, 3)
    boxes[0, 1] = float('nan')
    logits = torch.tensor([[0.0, float('nan'), 1.0]])
    found = ChangeMatcher()(logits, boxes, targets_of(boxes[:, :1], torch.ones(1, 1).bool()))
    assert sorted(found[0].tolist()) == [-1, -1, 0]
