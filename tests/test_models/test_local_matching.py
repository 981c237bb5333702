"""Local cross-image attention finds what moved a little."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from difftracker.models.difference import LocalMatching


def matching(window, temperature=None):
    """Matching that compares the features themselves."""
    module = LocalMatching(16, window).requires_grad_(False)
    module.project.weight.copy_(torch.eye(16)[:, :, None, None])
    if temperature is not None:
        module.log_temperature.fill_(temperature)
    return module


def coordinates(height, width):
    """`(1, 2, H, W)` map that holds each cell's own x and y."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    return torch.stack([x, y])[None].float()


@pytest.mark.parametrize(('dx', 'dy'), [(0, 0), (1, 0), (-2, 1), (2, -2)])
def test_finds_the_shift(dx, dy):
    own = torch.randn(1, 16, 9, 10)
    other = own.roll((dy, dx), dims=(2, 3))
    places = coordinates(9, 10)
    found, similarity = matching(5, temperature=4.0)(own, other, places)
    inside = (slice(None), slice(None), slice(2, -2), slice(2, -2))
    shift = torch.tensor([dx, dy]).view(1, 2, 1, 1)
    torch.testing.assert_close(found[inside], (places + shift)[inside], rtol=0, atol=0.05)
    torch.testing.assert_close(similarity[inside], torch.ones(1, 1, 5, 6))


def test_a_shift_is_found_before_any_training():
    own = torch.randn(1, 16, 9, 10)
    places = coordinates(9, 10)
    found, _ = matching(5)(own, own.roll(1, dims=3), places)
    assert ((found - places)[0, :, 2:-2, 2:-2].mean((1, 2)).round() == torch.tensor([1, 0])).all()


def test_without_texture_the_same_place_wins():
    flat = torch.ones(1, 16, 7, 7)
    module = matching(3)
    found, _ = module(flat, flat, coordinates(7, 7))
    torch.testing.assert_close(found[..., 2:-2, 2:-2], coordinates(7, 7)[..., 2:-2, 2:-2])
    assert module.bias.argmax() == 4


def test_outside_the_picture_is_no_match():
    flat = torch.ones(1, 16, 4, 4)
    found, _ = matching(3)(flat, flat, torch.ones(1, 1, 4, 4))
    torch.testing.assert_close(found, torch.ones(1, 1, 4, 4), rtol=0, atol=1e-4)


def test_window_of_one_reads_the_same_place():
    own, other, value = torch.randn(2, 16, 3, 4), torch.randn(2, 16, 3, 4), torch.randn(2, 5, 3, 4)
    found, similarity = matching(1)(own, other, value)
    assert torch.equal(found, value)
    torch.testing.assert_close(similarity, F.cosine_similarity(own, other, dim=1)[:, None])


def test_window_of_one_has_nothing_to_learn_about_places():
    assert [name for name, _ in LocalMatching(16, 1).named_parameters()] == ['project.weight']
