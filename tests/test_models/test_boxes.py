"""Box arithmetic against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from difftracker.models.layers.box_ops import (
    aligned_iou,
    cxcywh_to_xyxy,
    inside_better,
    inverse_sigmoid,
    repeats_region,
    suppress_overlaps,
    xyxy_to_cxcywh,
)


def test_both_forms():
    corners = torch.tensor([[1.0, 2.0, 5.0, 10.0], [3.0, 3.0, 3.0, 3.0]])
    centres = torch.tensor([[3.0, 6.0, 4.0, 8.0], [3.0, 3.0, 0.0, 0.0]])
    assert torch.equal(xyxy_to_cxcywh(corners), centres)
    assert torch.equal(cxcywh_to_xyxy(centres), corners)


@pytest.mark.parametrize(
    ('first', 'second', 'iou', 'giou'),
    [
        ((0, 0, 2, 2), (0, 0, 2, 2), 1, 1),
        ((0, 0, 2, 2), (1, 1, 3, 3), 1 / 7, 1 / 7 - 2 / 9),
        ((0, 0, 4, 4), (1, 1, 2, 3), 2 / 16, 2 / 16),
        ((0, 0, 1, 1), (2, 0, 3, 1), 0, -1 / 3),
        ((0, 0, 1, 1), (1, 0, 2, 1), 0, 0),
        # Without area: a point, a line, a box inside out, two equal points.
        ((1, 1, 1, 1), (0, 0, 2, 2), 0, 0),
        ((5, 0, 5, 2), (0, 0, 2, 2), 0, -6 / 10),
        ((3, 3, 2, 2), (0, 0, 2, 2), 0, 0),
        ((1, 1, 1, 1), (1, 1, 1, 1), 0, 0),
    ],
)
def test_aligned_iou(first, second, iou, giou):
    for pair in ((first, second), (second, first)):
        found = aligned_iou(*(torch.tensor(box, dtype=torch.float32) for box in pair))
        torch.testing.assert_close(torch.stack(found), torch.tensor([iou, giou], dtype=torch.float32))


def test_aligned_iou_broadcasts():
    first, second = torch.rand(4, 1, 2).repeat(1, 1, 2), torch.rand(3, 2).repeat(1, 2)
    first[..., 2:] += 0.5
    second[..., 2:] += 0.5
    iou, giou = aligned_iou(first, second)
    assert iou.shape == giou.shape == (4, 3)
    for row in range(4):
        for column in range(3):
            assert iou[row, column] == aligned_iou(first[row, 0], second[column])[0]


def test_gradients_stay_finite_without_area():
    boxes = torch.tensor([[0.5, 0.5, 0.5, 0.5], [0.2, 0.2, 0.6, 0.6]], requires_grad=True)
    iou, giou = aligned_iou(boxes, torch.tensor([0.5, 0.5, 0.5, 0.5]))
    (iou + giou).sum().backward()
    assert boxes.grad.isfinite().all()


def test_inverse_sigmoid():
    numbers = torch.tensor([0.001, 0.2, 0.5, 0.9])
    torch.testing.assert_close(inverse_sigmoid(numbers).sigmoid(), numbers)
    edge = math.log(0.9999 / 0.0001)
    assert inverse_sigmoid(torch.tensor([0.0, 1.0, -3.0])).tolist() == pytest.approx([-edge, edge, -edge], rel=1e-4)


def test_suppression_equals_its_definition():
    boxes = torch.rand(2, 30, 4) * 0.7
    boxes[..., 2:] = boxes[..., :2] + 0.1 + torch.rand(2, 30, 2) * 0.3
    scores = torch.rand(2, 30).sort(descending=True).values
    scores[0, -3:] = 0
    found = suppress_overlaps(boxes, scores, 0.3)
    assert found.any() and not found.all()
    for row in range(2):
        for number in range(30):
            overlaps = [float(aligned_iou(boxes[row, better], boxes[row, number])[0]) for better in range(number)]
            keep = all(overlap <= 0.3 for overlap in overlaps) and float(scores[row, number]) > 0
            assert bool(found[row, number]) == keep


def test_suppressed_boxes_suppress_too():
    # Each overlaps its neighbour alone; the sequential form would bring the third back.
    boxes = torch.tensor([[[0.0, 0, 4, 1], [2, 0, 6, 1], [4, 0, 8, 1], [9, 0, 10, 1]]])
    kept = suppress_overlaps(boxes, torch.tensor([[0.9, 0.8, 0.7, 0.6]]), 0.3)
    assert kept.tolist() == [[True, False, False, True]]


def test_estimates_that_repeat_a_better_region():
    region, part, around, beside = (10, 10, 30, 30), (12, 12, 20, 20), (5, 5, 40, 40), (22, 10, 60, 30)
    boxes = torch.tensor([[region, part, around, beside]], dtype=torch.float32)
    fixed = torch.tensor([[True, False, False, False]])
    # `beside` shares 160 of the region's 400 pixels.
    assert repeats_region(boxes, fixed).tolist() == [[False, True, True, False]]
    # A region never repeats an estimate, and an estimate only a region that is better.
    assert not repeats_region(boxes.flip(1), fixed.flip(1)).any()
    assert not repeats_region(boxes, torch.zeros_like(fixed)).any()
    assert not repeats_region(boxes, torch.ones_like(fixed)).any()


def test_a_box_in_a_better_one_or_around_it_is_hardly_believed():
    better, inside, around, beside, apart = (
        (10, 10, 30, 30), (12, 12, 20, 20), (5, 8, 40, 30), (22, 10, 42, 30), (60, 60, 80, 80),
    )  # fmt: skip
    boxes = torch.tensor([[better, inside, around, beside, apart]], dtype=torch.float)
    # The fourth shares 8 of its 20 columns with the first and 18 with the third, which is itself in doubt.
    assert inside_better(boxes, 0.95)[0].tolist() == [1, 0, 0, 1, 1]
    assert inside_better(boxes, 0.8)[0].tolist() == pytest.approx([1, 0, 0, 0.1, 1])
    assert inside_better(boxes[:, [1, 0, 4]], 0.8)[0].tolist() == [1, 0, 1]
    assert inside_better(boxes[:, :0], 0.8).shape == (1, 0)
