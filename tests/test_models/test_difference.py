"""Difference modules against their formulas."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from difftracker.errors import ConfigError
from difftracker.models.difference import DifferenceEnhancement, Projection, Subtraction


def enhancement(**settings):
    module = DifferenceEnhancement(6, 8, **settings)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.2)
    return module.eval()


def watched_inputs(module, *pictures):
    """The input that `module.enhance` gets, and the module's output."""
    seen = []
    handle = module.enhance.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    output = module(*pictures)
    handle.remove()
    return seen[0], output


def loop_reference(module, own, other):
    """The formulas of the class, place by place, for one image."""
    value, other_value = module.value(own), module.value(other)
    query, key = (F.normalize(module.matching.project(x), dim=1) for x in (own, other))
    matched, best = torch.zeros_like(value), torch.zeros_like(value[:, :1])
    radius, height, width = module.matching.window // 2, *own.shape[-2:]
    for y in range(height):
        for x in range(width):
            scores, values = [], []
            for dy in range(-radius, radius + 1):
                for dx in range(-radius, radius + 1):
                    inside = 0 <= y + dy < height and 0 <= x + dx < width
                    place = (slice(None), slice(None), y + dy, x + dx)
                    scores.append((query[..., y, x] * key[place]).sum(1) if inside else torch.zeros(len(own)))
                    values.append(other_value[place] if inside else torch.zeros_like(value[..., 0, 0]))
            scores = torch.stack(scores, dim=1)
            weight = (scores * module.matching.log_temperature.exp() + module.matching.bias).softmax(1)
            matched[..., y, x] = (torch.stack(values, dim=1) * weight[..., None]).sum(1)
            best[..., y, x] = scores.amax(1, keepdim=True)
    residual = value - matched
    floor = module.floor.sigmoid()
    gate = floor + (1 - floor) * module.gate(torch.cat([residual.abs(), best], dim=1)).sigmoid()
    enhanced = module.enhance(torch.cat([residual, residual.abs()], dim=1))
    return F.gelu(module.norm(module.fuse(torch.cat([gate * value, enhanced], dim=1))))


@torch.no_grad()
def test_formulas():
    module = enhancement(window=3)
    before, after = torch.randn(2, 2, 6, 4, 5)
    found = module(before, after)
    torch.testing.assert_close(found[0], loop_reference(module, before, after), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found[1], loop_reference(module, after, before), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_equal_images_leave_no_residual():
    module = enhancement(window=1)
    picture = torch.randn(2, 6, 4, 5)
    seen, (before, after) = watched_inputs(module, picture, picture)
    assert seen.shape == (4, 16, 4, 5) and not seen.any()
    torch.testing.assert_close(before, after)
    expected = module.enhance(torch.zeros(1, 16, 4, 5))
    # What remains of the branch is the same for any two equal images.
    torch.testing.assert_close(module.enhance(seen)[3:], expected)


@torch.no_grad()
def test_a_change_shows_where_it_is():
    module = enhancement(window=3)
    before = torch.randn(1, 6, 9, 9)
    after = before.clone()
    after[..., 4, 4] += 3
    changed, _ = watched_inputs(module, before, after)
    same, _ = watched_inputs(module, before, before)
    moved = (changed - same).abs().amax(1) > 1e-6
    assert moved[:, 4, 4].all()
    assert not moved[:, [0, 1, 2, 6, 7, 8]].any() and not moved[..., [0, 1, 2, 6, 7, 8]].any()


@torch.no_grad()
@pytest.mark.parametrize('build', [enhancement, lambda: Subtraction(6, 8)])
def test_exchanged_images_exchange_the_answers(build):
    module = build()
    before, after = torch.randn(2, 2, 6, 4, 5)
    first, second = module(before, after), module(after, before)
    torch.testing.assert_close(first[0], second[1])
    torch.testing.assert_close(first[1], second[0])


@pytest.mark.parametrize('window', [1, 3])
@pytest.mark.parametrize('on', [(True, True), (True, False), (False, True), (False, False)])
def test_switches(on, window):
    module = enhancement(window=window, enhancement=on[0], suppression=on[1])
    parts = {name.split('.')[0] for name, _ in module.named_parameters()}
    assert ('enhance' in parts) == on[0]
    assert ('gate' in parts) == ('floor' in parts) == on[1]
    assert module.fuse.in_channels == (16 if on[0] else 8)
    before, after = torch.randn(2, 2, 6, 4, 5)
    first = module(before, after)[0]
    assert first.shape == (2, 8, 4, 5)
    # With both switched off nothing of the other image is left.
    assert torch.equal(first, module(before, torch.randn_like(after))[0]) == (on == (False, False))


@torch.no_grad()
def test_suppression_never_falls_below_its_floor():
    module = enhancement(window=1, enhancement=False)
    module.gate.bias.fill_(-100)
    before, after = torch.randn(2, 1, 6, 4, 5)
    expected = F.gelu(module.norm(module.fuse(module.floor.sigmoid() * module.value(before))))
    torch.testing.assert_close(module(before, after)[0], expected)


@pytest.mark.parametrize('window', [0, 2, -1])
def test_bad_window_is_named(window):
    with pytest.raises(ConfigError, match=r'window: expected an odd positive number'):
        DifferenceEnhancement(6, 8, window=window)


@torch.no_grad()
def test_subtraction_formula():
    module = Subtraction(6, 8)
    before, after = torch.randn(2, 2, 6, 4, 5)
    own, other = module.value(before), module.value(after)
    expected = F.gelu(module.norm(module.fuse(torch.cat([own, own - other], dim=1))))
    torch.testing.assert_close(module(before, after)[0], expected)


@torch.no_grad()
def test_projection_sees_its_own_image_only():
    module = Projection(6, 8)
    before, after, other = torch.randn(3, 2, 6, 4, 5)
    found = module(before, after)
    for image, output in zip((before, after), found, strict=True):
        torch.testing.assert_close(output, F.gelu(module.norm(module.fuse(module.value(image)))))
    torch.testing.assert_close(module(before, other)[0], found[0])
