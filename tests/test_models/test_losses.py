"""Losses against numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch

from difftracker.models.losses import choice_loss, origin_loss, varifocal_loss


@pytest.mark.parametrize(
    ('logit', 'quality', 'positive', 'expected'),
    [
        # Positive: quality * cross-entropy of the quality; negative: 0.75 * p ** 2 * cross-entropy of 0.
        (0.0, 0.7, True, 0.7 * math.log(2)),
        (0.0, 0.0, False, 0.75 * 0.25 * math.log(2)),
        (math.log(3), 0.75, True, 0.75 * -(0.75 * math.log(0.75) + 0.25 * math.log(0.25))),
        (math.log(3), 0.0, False, 0.75 * 0.75**2 * math.log(4)),
        (-50.0, 0.0, False, 0.0),
        (50.0, 1.0, True, 0.0),
    ],
)
def test_varifocal(logit, quality, positive, expected):
    found = varifocal_loss(torch.tensor([logit]), torch.tensor([quality]), torch.tensor([positive]))
    torch.testing.assert_close(found, torch.tensor([expected]))


def test_varifocal_pulls_positives_to_their_quality_and_negatives_down():
    logits = torch.tensor([0.0, 0.0, 0.0], requires_grad=True)
    quality, positive = torch.tensor([0.9, 0.1, 0.0]), torch.tensor([True, True, False])
    varifocal_loss(logits, quality, positive).sum().backward()
    # The weight carries no gradient: weight * (p - quality).
    torch.testing.assert_close(logits.grad, torch.tensor([0.9 * -0.4, 0.1 * 0.4, 0.75 * 0.25 * 0.5]))


def test_varifocal_takes_options():
    logit = torch.tensor([math.log(3)])
    found = varifocal_loss(logit, torch.zeros(1), torch.tensor([False]), alpha=0.5, gamma=1.0)
    torch.testing.assert_close(found, torch.tensor([0.5 * 0.75 * math.log(4)]))


LOGITS = (1.0, 2.0, 3.0, -1.0)


def by_definition(none, wanted, usable):
    """The loss of one sentence, term by term."""
    rivals = [math.exp(none)]
    rivals += [math.exp(logit) for logit, w, u in zip(LOGITS, wanted, usable, strict=True) if u and not w]
    if not any(wanted):
        return -math.log(math.exp(none) / sum(rivals))
    each = [
        -math.log(math.exp(logit) / (math.exp(logit) + sum(rivals)))
        for logit, chosen in zip(LOGITS, wanted, strict=True)
        if chosen
    ]
    return sum(each) / len(each)


@pytest.mark.parametrize(
    ('wanted', 'usable'),
    [
        ((1, 0, 0, 0), (1, 1, 1, 1)),
        ((1, 0, 0, 0), (1, 1, 0, 1)),
        ((1, 0, 1, 0), (1, 1, 1, 1)),
        ((1, 1, 1, 1), (1, 1, 1, 1)),
        ((0, 0, 0, 0), (1, 1, 1, 0)),
        ((0, 0, 0, 0), (0, 0, 0, 0)),
    ],
)
def test_choice(wanted, usable):
    table = [torch.tensor([row], dtype=torch.bool) for row in (wanted, usable)]
    found = choice_loss(torch.tensor([LOGITS]), torch.tensor([0.5]), *table)
    torch.testing.assert_close(found, torch.tensor([by_definition(0.5, wanted, usable)]))


def test_choice_by_hand():
    wanted, usable = torch.tensor([[True, False]]), torch.ones(1, 2, dtype=torch.bool)
    # Three equal rivals for one place.
    found = choice_loss(torch.zeros(1, 2), torch.zeros(1), wanted, usable)
    torch.testing.assert_close(found, torch.tensor([math.log(3)]))


def test_choice_lifts_what_is_wanted():
    logits = torch.zeros(2, 4, requires_grad=True)
    none = torch.zeros(2, requires_grad=True)
    wanted = torch.tensor([[True, True, False, False], [False] * 4])
    usable = torch.tensor([[True, True, True, False], [True, True, True, False]])
    choice_loss(logits, none, wanted, usable).sum().backward()
    # Each wanted one shares with one rival and "none"; the two wanted ones are averaged.
    expected = torch.tensor([[-1 / 3, -1 / 3, 1 / 3, 0], [0.25, 0.25, 0.25, 0]])
    torch.testing.assert_close(logits.grad, expected)
    torch.testing.assert_close(none.grad, torch.tensor([1 / 3, -0.75]))


def test_wanted_ones_do_not_compete():
    usable = torch.ones(1, 3, dtype=torch.bool)
    wanted = torch.tensor([[True, True, False]])
    # Both answers far above the rest: no loss is left, however far apart they are.
    found = choice_loss(torch.tensor([[40.0, 90.0, 0.0]]), torch.zeros(1), wanted, usable)
    torch.testing.assert_close(found, torch.zeros(1))


class TestOriginLoss:
    """Two candidates, three places of which the first two lie on one another, and "nowhere else"."""

    PLACES = torch.tensor([[[0.2, 0.2, 0.2, 0.2], [0.2, 0.21, 0.2, 0.2], [0.8, 0.8, 0.2, 0.2]]])
    SHARES = torch.tensor([[[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]]])

    def loss(self, before, moved, stayed, logits=None):
        boxes = torch.tensor([before, before])[None]
        logits = self.SHARES.log() if logits is None else logits
        return origin_loss(logits, self.PLACES, boxes, torch.tensor([moved]), torch.tensor([stayed]))

    def test_all_places_on_the_true_one_count(self):
        loss, counted = self.loss((0.2, 0.2, 0.2, 0.2), (True, False), (False, True))
        torch.testing.assert_close(loss, torch.tensor([[-math.log(0.3), -math.log(0.25)]]))
        assert counted.all()

    @pytest.mark.parametrize('place', [(0.5, 0.5, 0.1, 0.1), (0.8, 0.8, 0.2, 0.2)], ids=['nowhere', 'impossible'])
    def test_no_loss_without_a_right_place(self, place):
        logits = self.SHARES.log()
        logits[..., 2] = float('-inf')
        logits.requires_grad_()
        loss, counted = self.loss(place, (True, False), (False, False), logits)
        assert not counted.any()
        loss.sum().backward()
        assert not loss.any()
        assert not logits.grad.any()
