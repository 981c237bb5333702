"""Place and size are told relative to the picture, not to the canvas."""

from __future__ import annotations

import torch

from difftracker.models.layers import BoxPosition


def boxes():
    return torch.rand(2, 5, 4) * 0.4 + 0.1


@torch.no_grad()
def test_padding_of_the_canvas_does_not_matter():
    module = BoxPosition(16)
    before, after = boxes(), boxes()
    whole = module(before, after, torch.ones(2, 2, 2))
    # The pictures fill unequal parts of the canvas: before 0.5 x 1, after 1 x 0.75.
    extent = torch.tensor([[0.5, 1.0], [1.0, 0.75]]).expand(2, 2, 2)
    squeezed = [box * extent[:, side].repeat(1, 2)[:, None] for side, box in enumerate((before, after))]
    torch.testing.assert_close(module(*squeezed, extent), whole, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(module(before, after, extent), whole)


@torch.no_grad()
def test_place_size_and_movement_all_count():
    module = BoxPosition(16)
    before, after = boxes(), boxes()
    plain = module(before, after, torch.ones(2, 2, 2))
    for column in range(4):
        for side in range(2):
            moved = [before.clone(), after.clone()]
            moved[side][..., column] += 0.1
            assert not torch.isclose(module(*moved, torch.ones(2, 2, 2)), plain).all(-1).any()


@torch.no_grad()
def test_boxes_without_area_give_numbers():
    found = BoxPosition(16)(torch.zeros(1, 1, 4), torch.zeros(1, 1, 4), torch.ones(1, 2, 2))
    assert found.isfinite().all()
