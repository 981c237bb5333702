"""Noised copies of the truth: near ones are the change, far ones are not."""

from __future__ import annotations

import pytest
import torch

from difftracker.models.detectors import DiffTracker
from difftracker.models.layers.box_ops import aligned_iou, cxcywh_to_xyxy
from difftracker.models.layers.denoising import make_denoising_queries
from difftracker.models.targets import PairTargets


def targets_of(boxes, valid=None):
    batch, count = boxes.shape[:2]
    valid = torch.ones(batch, count, dtype=torch.bool) if valid is None else valid
    answers = torch.zeros(batch, 1, count, dtype=torch.bool)
    return PairTargets(boxes, boxes, valid, valid, torch.zeros(batch, count).long(), answers, answers[..., :1])


def lone_boxes(count=400):
    """One change in the middle of each pair, far from the border."""
    return torch.cat([torch.full((count, 1, 2), 0.5), torch.rand(count, 1, 2) * 0.2 + 0.05], dim=-1)


def test_near_copies_stay_within_their_noise():
    boxes = lone_boxes()
    found = make_denoising_queries(targets_of(boxes), 0.4, 1.0)
    shift = (cxcywh_to_xyxy(found.boxes[:, 0]) - cxcywh_to_xyxy(boxes[:, 0])).abs()
    reach = boxes[:, 0, 2:].repeat(1, 2) / 2 * 0.4
    assert (shift <= reach + 1e-6).all()
    assert (shift > 0.9 * reach).any(0).all() and (shift < 0.1 * reach).any(0).all()
    assert (found.assigned[:, 0] == 0).all() and found.usable[:, 0].all()


def test_far_copies_keep_their_size_and_miss_the_change():
    boxes = lone_boxes()
    found = make_denoising_queries(targets_of(boxes), 0.4, 1.0)
    torch.testing.assert_close(found.boxes[:, 1, 2:], boxes[:, 0, 2:])
    shift = (found.boxes[:, 1, :2] - boxes[:, 0, :2]).abs() / (boxes[:, 0, 2:] / 2)
    assert (shift >= 1.4 - 1e-4).all() and (shift <= 2 + 1e-4).all()
    iou, _ = aligned_iou(cxcywh_to_xyxy(found.boxes[:, 1]), cxcywh_to_xyxy(boxes[:, 0]))
    assert iou.max() < 0.1
    assert (found.assigned[:, 1] == -1).all() and found.usable[:, 1].all()


def test_order_and_padding():
    boxes = torch.rand(2, 3, 4) * 0.3 + 0.1
    valid = torch.tensor([[True, False, True], [False, False, False]])
    found = make_denoising_queries(targets_of(boxes, valid), 0.4, 1.0)
    assert found.boxes.shape == (2, 6, 4)
    assert found.assigned.tolist() == [[0, -1, 2, -1, -1, -1], [-1] * 6]
    assert found.usable[:, :3].tolist() == valid.tolist()
    assert not found.usable[1].any() and not found.usable[0, 4]


@pytest.mark.parametrize('neighbours_valid', [True, False])
def test_a_far_copy_on_another_change_is_not_used(neighbours_valid):
    # With both noises 1 the far copy of the first box lands on one of the four others exactly.
    centres = [(0.5, 0.5), (0.4, 0.4), (0.6, 0.4), (0.4, 0.6), (0.6, 0.6)]
    boxes = torch.tensor([[(x, y, 0.1, 0.1) for x, y in centres]])
    valid = torch.tensor([[True] + [neighbours_valid] * 4])
    found = make_denoising_queries(targets_of(boxes, valid), 1.0, 1.0)
    assert bool(found.usable[0, 5]) != neighbours_valid


def test_of_many_changes_some_are_copied():
    boxes = torch.cat([torch.rand(3, 9, 2) * 0.4 + 0.3, torch.rand(3, 9, 2) * 0.2 + 0.1], dim=-1)
    valid = torch.ones(3, 9, dtype=torch.bool)
    valid[1, 4:] = False
    valid[2] = False
    found = make_denoising_queries(targets_of(boxes, valid), 0.4, 1.0, max_changes=5)
    assert found.boxes.shape == (3, 10, 4)
    assert len(set(found.assigned[0, :5].tolist())) == 5 and found.usable[0, :5].all()
    # Four are in view: all of them, and a place left over.
    assert sorted(found.assigned[1, :5].tolist()) == [-1, 0, 1, 2, 3]
    assert torch.equal(found.usable[:, :5], found.assigned[:, :5] >= 0)
    assert not found.usable[2].any()
    for row, column in (found.assigned >= 0).nonzero().tolist():
        iou, _ = aligned_iou(
            cxcywh_to_xyxy(found.boxes[row, column]), cxcywh_to_xyxy(boxes[row, found.assigned[row, column]])
        )
        assert iou > 0.3
    others = make_denoising_queries(targets_of(boxes), 0.4, 1.0, max_changes=5).assigned[:, :5].sort().values
    assert len({tuple(row) for row in others.tolist()}) > 1


def test_boxes_stay_on_the_canvas():
    boxes = torch.tensor([[[0.0, 1.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0], [0.5, 0.5, 1 / 512, 1 / 512]]]).repeat(50, 1, 1)
    found = make_denoising_queries(targets_of(boxes), 0.4, 1.0)
    corners = cxcywh_to_xyxy(found.boxes)
    assert (found.boxes >= 1e-3).all() and corners.min() >= -1e-3 and corners.max() <= 1 + 1e-3


def test_groups_do_not_see_each_other():
    found = DiffTracker._group_mask(2, 3, torch.device('cpu'))
    first, second = [False, False, True, True, True], [True, True, False, False, False]
    assert found.tolist() == [first, first, second, second, second]
