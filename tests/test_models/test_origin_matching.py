"""Where things came from, on maps of four quadrants whose contents are known."""

from __future__ import annotations

import torch

from difftracker.models.layers import PairPyramid
from difftracker.models.layers.origin_matching import OriginMatching
from tests.test_models.tiny import EMBED

THING = 4
CENTRES = torch.tensor([[[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]])
BOXES = torch.cat([CENTRES, torch.full((1, 4, 2), 0.25)], dim=-1)
EVERY = torch.ones(4, dtype=torch.bool)


def quadrants(contents):
    """A `(1, 5, 8, 8)` map; each quadrant holds one of five orthogonal vectors."""
    cells = torch.eye(5)[torch.tensor(contents)].view(2, 2, 5)
    return cells.repeat_interleave(4, 0).repeat_interleave(4, 1).permute(2, 0, 1)[None]


def pyramid_of(before, after):
    blank = torch.zeros(1, 3, 16, 16)
    sides = quadrants(before), quadrants(after)
    return PairPyramid((blank,), (blank,), blank, blank, torch.ones(1, 2, 2), sides[:1], sides[1:])


def matching(rigged=True):
    """With `rigged` weights a pair's logit is 10 where the backbone's vectors agree and -40 where they do not."""
    module = OriginMatching(EMBED, (5,)).eval()
    if rigged:
        with torch.no_grad():
            for linear in (module.pair[0], module.pair[-1], module.nowhere[-1]):
                linear.weight.zero_()
                linear.bias.zero_()
            module.pair[0].weight[0, 0] = 1
            module.pair[-1].weight[0, 0] = 50 / module.SPREAD
            module.pair[-1].bias.fill_(-40)
    return module


MOVED = pyramid_of([THING, 1, 2, 3], [0, 1, 2, THING])
CONTENT = torch.randn(1, 4, EMBED, generator=torch.Generator().manual_seed(0))


@torch.no_grad()
def test_a_moved_thing_is_found_where_it_stood():
    _, before, origins = matching()(MOVED, CONTENT, BOXES, BOXES, EVERY)
    expected = torch.full((4, 5), -40.0)
    # Content stays with itself, which is no origin; the last column is "nowhere else".
    expected[:, 4] = 0
    expected[3, 0] = 10
    expected.fill_diagonal_(float('-inf'))
    torch.testing.assert_close(origins.logits[0], expected, rtol=1e-4, atol=1e-3)
    assert torch.equal(before[0], BOXES[0, [0, 1, 2, 0]])
    assert torch.equal(origins.places, BOXES)


@torch.no_grad()
def test_what_may_not_be_an_origin_is_none():
    sources = torch.tensor([False, True, True, True])
    _, before, origins = matching()(MOVED, CONTENT, BOXES, BOXES, sources)
    assert torch.equal(before, BOXES)
    assert (origins.logits[0, :, 0] == float('-inf')).all()


@torch.no_grad()
def test_those_that_only_ask_change_nothing_for_the_others():
    module = matching(rigged=False)
    torch.nn.init.normal_(module.tell[-1].weight)
    asking = BOXES[:, [3, 0]] * 0.9
    content = torch.cat([CONTENT, torch.randn(1, 2, EMBED)], dim=1)
    boxes, sources = torch.cat([BOXES, asking], dim=1), torch.tensor([True] * 4 + [False] * 2)
    alone = module(MOVED, CONTENT, BOXES, BOXES, EVERY)
    beside = module(MOVED, content, boxes, boxes, sources)
    for one, other in zip(alone[:2], beside[:2], strict=True):
        torch.testing.assert_close(one, other[:, :4], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(module(MOVED, content, boxes, boxes, sources | True)[0][:, :4], alone[0], atol=1e-3)


@torch.no_grad()
def test_both_ends_are_told():
    """The new place hears of the old one and the old of the new one; what stayed hears of nothing."""
    module = matching()
    torch.nn.init.normal_(module.tell[-1].weight)
    told = []
    module.tell.register_forward_pre_hook(lambda _, inputs: told.append(inputs[0][0]))
    module(MOVED, CONTENT, BOXES, BOXES, EVERY)
    came, went, numbers = told[0].split([EMBED, EMBED, 2], dim=-1)
    torch.testing.assert_close(came[3], CONTENT[0, 0], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(went[0], CONTENT[0, 3], rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(numbers, torch.tensor([[0.0, 1], [0, 0], [0, 0], [1, 0]]), atol=1e-3, rtol=0)
    assert came[:3].abs().max() < 1e-3
    assert went[1:].abs().max() < 1e-3


@torch.no_grad()
def test_at_first_nothing_has_moved():
    content, before, _ = matching(rigged=False)(MOVED, CONTENT, BOXES, BOXES * 0.9, EVERY)
    assert torch.equal(content, CONTENT)
    assert torch.equal(before, BOXES)


def test_it_learns_to_tell_a_move_from_a_coming_and_a_going():
    """A hundred and fifty steps: the thing moved; it went and another came; it stayed and a copy came."""
    torch.manual_seed(0)
    module = OriginMatching(EMBED, (5,))
    optimizer = torch.optim.Adam(module.parameters(), lr=5e-3)
    cases = [
        (MOVED, 0),
        (pyramid_of([THING, 1, 2, 2], [1, 1, 2, 3]), 4),
        (pyramid_of([THING, 1, 2, 2], [THING, 1, 2, THING]), 4),
    ]

    def guess(pyramid):
        return module(pyramid, CONTENT, BOXES, BOXES, EVERY)[2].logits[:, 3]

    for step in range(150):
        pyramid, place = cases[step % 3]
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(guess(pyramid), torch.tensor([place])).backward()
        optimizer.step()
    with torch.no_grad():
        assert [guess(pyramid).argmax().item() for pyramid, _ in cases] == [0, 4, 4]
