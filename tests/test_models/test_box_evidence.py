"""What is pooled inside boxes, on pictures whose samples are known beforehand."""

from __future__ import annotations

import pytest
import torch

from difftracker.models.layers import BoxEvidence, PairPyramid

BOX = torch.tensor([[[0.5, 0.5, 0.5, 0.25]]])
OTHER = torch.tensor([[[0.25, 0.5, 0.25, 0.5]]])


def pooled(pyramid, before=BOX, after=OTHER):
    """What reaches the two branches: pooled features `(1, 1, ...)` and colours `(1, 1, 3, 3, 4, 4)`."""
    module, seen = BoxEvidence(2, len(pyramid.after), 16), {}
    for name in ('features', 'colours'):
        branch = getattr(module, name)
        branch.register_forward_pre_hook(lambda _, inputs, name=name: seen.update({name: inputs[0]}))
    assert module(pyramid, before, after).shape == (1, 1, 16)
    return seen['features'], seen['colours'].view(1, 1, 3, 3, 4, 4)


def ramp(height, width, axis):
    """Cell centres along x (1) or y (0) as fractions of the canvas."""
    steps = (torch.arange((height, width)[axis]) + 0.5) / (height, width)[axis]
    return steps[:, None].expand(height, width) if axis == 0 else steps[None].expand(height, width)


@torch.no_grad()
def test_backbone_maps_are_pooled_in_their_own_frame():
    level = torch.stack([ramp(8, 8, 1), ramp(8, 8, 0)])[None]
    blank = torch.zeros(1, 2, 8, 8), torch.zeros(1, 3, 16, 16)
    pyramid = PairPyramid((blank[0],), (blank[0],), blank[1], blank[1], torch.ones(1, 2, 2), (level,), (10 * level,))
    module, seen = BoxEvidence(2, 1, 16, semantic_channels=(2,)), []
    module.semantics.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    module(pyramid, BOX, OTHER)
    torch.testing.assert_close(seen[0][0, 0], torch.tensor([0.5, 0.5, 2.5, 5.0]))


def pyramid_of(before, after, colour_before, colour_after):
    return PairPyramid(before, after, colour_before, colour_after, torch.ones(1, 2, 2))


@torch.no_grad()
def test_constant_picture():
    level = torch.tensor([1.0, -2.0]).view(1, 2, 1, 1)
    before, after = torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.5, 0.4, -0.3])
    pyramid = pyramid_of(
        (level.expand(1, 2, 8, 8), 3 * level.expand(1, 2, 4, 4)),
        (5 * level.expand(1, 2, 8, 8), 7 * level.expand(1, 2, 4, 4)),
        *(colour.view(1, 3, 1, 1).expand(1, 3, 16, 16) for colour in (before, after)),
    )
    features, colours = pooled(pyramid)
    torch.testing.assert_close(features[0, 0], torch.tensor([1.0, -2, 3, -6, 5, -10, 7, -14]))
    for place, colour in enumerate((before, after, after - before)):
        torch.testing.assert_close(colours[0, 0, place], colour.view(3, 1, 1).expand(3, 4, 4))


@torch.no_grad()
def test_ramps_tell_the_sampled_places():
    level = torch.stack([ramp(8, 8, 1), ramp(8, 8, 0)])[None]
    colour = torch.stack([ramp(16, 16, 1), ramp(16, 16, 0), torch.zeros(16, 16)])[None]
    features, colours = pooled(pyramid_of((level,), (10 * level,), colour, colour))
    # A mean over a symmetric grid of a ramp is the ramp at the box's centre.
    torch.testing.assert_close(features[0, 0], torch.tensor([0.5, 0.5, 2.5, 5.0]))
    # Samples sit in the middles of a 4 x 4 division: the before box spans x 0.25 to 0.75 and y 0.375 to 0.625.
    x = torch.tensor([0.3125, 0.4375, 0.5625, 0.6875])
    y = torch.tensor([0.40625, 0.46875, 0.53125, 0.59375])
    torch.testing.assert_close(colours[0, 0, 0, 0], x.expand(4, 4))
    torch.testing.assert_close(colours[0, 0, 0, 1], y[:, None].expand(4, 4))
    torch.testing.assert_close(colours[0, 0, 1, 0], torch.tensor([0.15625, 0.21875, 0.28125, 0.34375]).expand(4, 4))
    torch.testing.assert_close(colours[0, 0, 2], colours[0, 0, 1] - colours[0, 0, 0])


@torch.no_grad()
@pytest.mark.parametrize('box', [(0.0, 0.0, 0.5, 0.5), (1.0, 1.0, 1.0, 1.0), (0.5, 0.5, 0.0, 0.0)])
def test_outside_the_picture_its_border_goes_on(box):
    colour = torch.full((1, 3, 16, 16), 0.7)
    level = torch.full((1, 2, 8, 8), 0.4)
    box = torch.tensor(box).view(1, 1, 4)
    features, colours = pooled(pyramid_of((level,), (level,), colour, colour), box, box)
    torch.testing.assert_close(features, torch.full_like(features, 0.4))
    torch.testing.assert_close(colours[:, :, :2], torch.full_like(colours[:, :, :2], 0.7))
