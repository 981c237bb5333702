"""Dense head: which cell answers for which change, and what it costs."""

from __future__ import annotations

import math

import torch

from difftracker.models.heads import DenseChangeHead
from difftracker.models.heads.dense_change_head import DenseOutput
from difftracker.models.targets import PairTargets

SIDES = (8, 4, 2)


def targets_of(boxes, valid):
    valid = torch.tensor(valid, dtype=torch.bool)
    boxes, answers = torch.tensor(boxes).reshape(*valid.shape, 4), torch.zeros_like(valid)[:, None]
    asked = torch.ones(len(boxes), 1, dtype=torch.bool)
    return PairTargets(boxes, boxes, valid, valid, torch.zeros(valid.shape).long(), answers, asked)


def dense_head():
    head = DenseChangeHead(16)
    head.init_weights()
    return head


def levels(batch=2):
    return tuple(torch.randn(batch, 16, side, side) for side in SIDES)


def cell(level, column, row):
    return sum(side**2 for side in SIDES[:level]) + row * SIDES[level] + column


def region(level, columns, rows):
    return {cell(level, column, row) for column in columns for row in rows}


@torch.no_grad()
def test_cells_and_start():
    head = dense_head()
    head.box.weight.zero_()
    head.score.weight.zero_()
    output = head(tuple(torch.randn(2, 16, height, 6) for height in (8, 4, 2)))
    assert output.logits.shape == (2, 84) and output.boxes.shape == (2, 84, 4)
    torch.testing.assert_close(output.logits.sigmoid(), torch.full((2, 84), 0.01))
    # Row 2, column 3 of the first level of 8 x 6 cells.
    torch.testing.assert_close(output.centres[2 * 6 + 3], torch.tensor([3.5 / 6, 2.5 / 8]))
    torch.testing.assert_close(output.strides[2 * 6 + 3], torch.tensor([1 / 6, 1 / 8]))
    assert output.levels.tolist() == [0] * 48 + [1] * 24 + [2] * 12
    torch.testing.assert_close(output.boxes[0, :, :2], output.centres)
    torch.testing.assert_close(output.boxes[1, :, 2:], output.strides * math.exp(1.4))


@torch.no_grad()
def test_raw_boxes_are_read_in_cells():
    head = dense_head()
    head.box.weight.zero_()
    head.box.bias.copy_(torch.tensor([0.5, -1.0, 0.2, 99.0]))
    output = head(levels())
    torch.testing.assert_close(output.boxes[0, :, 0], output.centres[:, 0] + 0.5 * output.strides[:, 0])
    torch.testing.assert_close(output.boxes[0, :, 1], output.centres[:, 1] - output.strides[:, 1])
    torch.testing.assert_close(output.boxes[0, :, 2], output.strides[:, 0] * math.exp(1.6))
    # Sizes are bounded, so that no exponential overflows.
    torch.testing.assert_close(output.boxes[0, :, 3], output.strides[:, 1] * math.exp(5))


@torch.no_grad()
def test_assignment_by_hand():
    head = dense_head()
    wide, small, hidden = (0.53, 0.47, 0.2, 0.1), (0.6875, 0.3125, 0.05, 0.05), (0.1, 0.9, 0.1, 0.1)
    huge = (0.5, 0.5, 0.9, 0.3)
    targets = targets_of([[wide, small, hidden], [huge, huge, huge]], [[True, True, False], [False, True, False]])
    found = head.assign(head(levels()), targets)
    # Reach is 1.5 cells: 0.1875 on level 0, 0.375 on level 1, 0.75 on level 2. `wide` fits levels 0 and 1, `small` 0.
    small_cells = region(0, (4, 5, 6), (1, 2, 3))
    wide_cells = region(0, (3, 4, 5), (2, 3, 4)) | region(1, (1, 2, 3), (0, 1, 2))
    expected = {**dict.fromkeys(wide_cells, 0), **dict.fromkeys(small_cells, 1)}
    assert {place: value for place, value in enumerate(found[0].tolist()) if value >= 0} == expected
    # The longer side counts: `huge` is answered on the coarsest level alone.
    expected = dict.fromkeys(region(2, (0, 1), (0, 1)), 1)
    assert {place: value for place, value in enumerate(found[1].tolist()) if value >= 0} == expected


def iou_giou(first, second):
    """Of two cxcywh boxes, in plain numbers."""
    (ax, ay, aw, ah), (bx, by, bw, bh) = first, second
    low = [max(ax - aw / 2, bx - bw / 2), max(ay - ah / 2, by - bh / 2)]
    high = [min(ax + aw / 2, bx + bw / 2), min(ay + ah / 2, by + bh / 2)]
    overlap = max(high[0] - low[0], 0) * max(high[1] - low[1], 0)
    hull = max(ax + aw / 2, bx + bw / 2) - min(ax - aw / 2, bx - bw / 2)
    hull *= max(ay + ah / 2, by + bh / 2) - min(ay - ah / 2, by - bh / 2)
    union = aw * ah + bw * bh - overlap
    return overlap / union, overlap / union - (hull - union) / hull


@torch.no_grad()
def test_loss_by_hand():
    head = dense_head()
    box = (0.53, 0.47, 0.2, 0.1)
    targets = targets_of([[box], [box]], [[True], [False]])
    output = head(levels())
    score, geometry, count = 0.0, 0.0, 0
    assigned = head.assign(output, targets)
    for row in range(2):
        for place, change in enumerate(assigned[row].tolist()):
            chance = float(output.logits[row, place].sigmoid())
            if change < 0:
                score -= 0.75 * chance**2 * math.log(1 - chance)
                continue
            iou, giou = iou_giou(output.boxes[row, place].tolist(), box)
            quality = max(iou, 0.05)
            score -= quality * (quality * math.log(chance) + (1 - quality) * math.log(1 - chance))
            geometry += 1 - giou
            count += 1
    assert count == 18
    found = head.loss(output, targets)
    torch.testing.assert_close(found['loss_dense_score'], torch.tensor(score / count), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found['loss_dense_box'], torch.tensor(2 * geometry / count), rtol=1e-4, atol=1e-5)


def test_perfect_cells_cost_no_box_loss():
    box = torch.tensor([0.53, 0.47, 0.2, 0.1])
    plain = dense_head()(levels())
    output = DenseOutput(plain.logits, box.expand_as(plain.boxes), *plain[2:])
    assert float(dense_head().loss(output, targets_of([[box.tolist()]] * 2, [[True]] * 2))['loss_dense_box']) < 1e-6


def test_losses_without_changes():
    for targets in (targets_of([], [[], []]), targets_of([[(0.5, 0.5, 0.2, 0.2)]] * 2, [[False], [False]])):
        head = dense_head()
        found = head.loss(head(levels()), targets)
        assert found['loss_dense_box'] == 0 and found['loss_dense_score'] > 0
        sum(found.values()).backward()
        assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in head.parameters())


def test_one_pixel_changes_are_learnt():
    head = dense_head()
    output = head(levels())
    targets = targets_of([[(0.5, 0.5, 1 / 256, 1 / 256)]] * 2, [[True]] * 2)
    assert (head.assign(output, targets) == 0).any(1).all()
    found = head.loss(output, targets)
    assert all(value.isfinite() for value in found.values()) and found['loss_dense_box'] > 0
