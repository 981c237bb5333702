"""The difference modules of other systems against their formulas, written out for one image at a time."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from difftracker.apis.build import build_model
from difftracker.models.difference import CoAttention, MultiScaleDifferentialPerception, VisualDelta
from difftracker.models.difference.map_tokens import sine_position
from tests.test_models.tiny import tiny_config

PEERS = (CoAttention, MultiScaleDifferentialPerception, VisualDelta)
INPUTS, OUTPUTS = 12, 64


def make(kind, **settings):
    """A module with two heads whose every parameter counts."""
    module = kind(INPUTS, OUTPUTS, **settings)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return module.eval()


def conv(layer, cells):
    """A 1x1 convolution on `(..., C)`."""
    return cells @ layer.weight[:, :, 0, 0].T + layer.bias


def rows(x):
    """`(C, H, W)` -> `(H * W, C)`."""
    return torch.stack([x[:, y, column] for y in range(x.shape[1]) for column in range(x.shape[2])])


def attend(layer, query, key, value):
    """Multi-head attention head by head, `(N, C)` each."""
    weights = zip(layer.in_proj_weight.chunk(3), layer.in_proj_bias.chunk(3), (query, key, value), strict=True)
    query, key, value = (x @ weight.T + bias for weight, bias, x in weights)
    width, heads = layer.head_dim, []
    for head in range(layer.num_heads):
        part = slice(head * width, (head + 1) * width)
        heads.append((query[:, part] @ key[:, part].T / math.sqrt(width)).softmax(1) @ value[:, part])
    return torch.cat(heads, dim=1) @ layer.out_proj.weight.T + layer.out_proj.bias


def place(height, width):
    """Position of each cell, number by number."""
    table = []
    count = OUTPUTS // 4
    for y in range(height):
        for x in range(width):
            row = []
            for centre in ((y + 0.5) / height, (x + 0.5) / width):
                angles = [centre * math.pi * 2 ** (6 * step / (count - 1)) for step in range(count)]
                row += [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]
            table.append(row)
    return torch.tensor(table)


def blocks(cells, height, width, grid):
    """Means of the equal blocks of `(height * width, C)` that make a map of `grid` cells per side."""
    tall, wide = height // grid, width // grid
    table = cells.reshape(height, width, -1)
    corners = [(y * tall, x * wide) for y in range(grid) for x in range(grid)]
    return torch.stack([table[y : y + tall, x : x + wide].flatten(0, 1).mean(0) for y, x in corners])


def finish(module, cells, height, width):
    out = conv(module.fuse, cells).T.reshape(1, OUTPUTS, height, width)
    return F.gelu(F.group_norm(out, 8, module.norm.weight, module.norm.bias))[0]


def co_attention(module, own, other, grid):
    height, width = own.shape[1:]
    own, other = rows(own), rows(other)
    other = blocks(other, height, width, grid) if grid < height else other
    logits = conv(module.query, own) @ conv(module.key, other).T
    return finish(module, torch.cat([own, logits.softmax(1) @ other], dim=1), height, width)


def differential_perception(module, own, other, grid):
    height, width = own.shape[1:]
    own, other = conv(module.value, rows(own)), conv(module.value, rows(other))
    gated_own = conv(module.gate, torch.cat([own, other], dim=1)).sigmoid() * own
    gated_other = conv(module.gate, torch.cat([other, own], dim=1)).sigmoid() * other
    delta = conv(module.delta, torch.cat([gated_own, gated_other, gated_own - gated_other], dim=1))
    memory, where = delta, place(height, width)
    if grid < height:
        memory, where = blocks(delta, height, width, grid), place(grid, grid)
    normed = module.delta_norm(memory)
    memory = module.memory_norm(memory + attend(module.self_attention, normed + where, normed + where, normed))
    query = module.query_norm(gated_own) + place(height, width)
    fused = gated_own + attend(module.cross_attention, query, memory + where, memory)
    return finish(module, torch.cat([fused, delta], dim=1), height, width)


def visual_delta(module, own, other, grid):
    height, width = own.shape[1:]
    value, other_value = conv(module.value, rows(own)), conv(module.value, rows(other))
    where = place(height, width)
    own = module.value_norm(value)
    memory = torch.cat([own + module.role[0], module.value_norm(other_value) + module.role[1]])
    delta = module.tokens[0]
    for layer in module.layers:
        query = layer.self_norm(delta)
        delta = delta + attend(layer.self_attention, query, query, query)
        query = layer.image_norm(delta)
        delta = delta + attend(layer.image_attention, query, memory + torch.cat([where, where]), memory)
        norm, (first, _, last) = layer.ffn[0], layer.ffn[1]
        hidden = F.gelu(norm(delta) @ first.weight.T + first.bias)
        delta = delta + hidden @ last.weight.T + last.bias
    delta = module.token_norm(delta)
    seen = attend(module.read, own + where, delta, delta)
    return finish(module, torch.cat([value, seen], dim=1), height, width)


@torch.no_grad()
@pytest.mark.parametrize(
    ('kind', 'reference', 'settings'),
    [
        (CoAttention, co_attention, {}),
        (CoAttention, co_attention, {'grid': 2}),
        (MultiScaleDifferentialPerception, differential_perception, {}),
        (MultiScaleDifferentialPerception, differential_perception, {'grid': 2}),
        (VisualDelta, visual_delta, {'num_tokens': 5, 'num_layers': 2}),
    ],
)
def test_formulas(kind, reference, settings):
    module = make(kind, **settings)
    before, after = torch.randn(2, 2, INPUTS, 4, 6)
    found = module(before, after)
    for row in range(2):
        for output, own, other in ((found[0], before, after), (found[1], after, before)):
            wanted = reference(module, own[row], other[row], settings.get('grid', 16))
            torch.testing.assert_close(output[row], wanted, rtol=1e-4, atol=2e-5)


@torch.no_grad()
@pytest.mark.parametrize('kind', PEERS)
def test_exchanged_images_exchange_the_outputs(kind):
    module = make(kind)
    before, after = torch.randn(2, 2, INPUTS, 4, 6)
    first, second = module(before, after), module(after, before)
    torch.testing.assert_close(first[0], second[1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(first[1], second[0], rtol=1e-4, atol=1e-5)
    assert (first[0] - first[1]).abs().max() > 0.01


@torch.no_grad()
@pytest.mark.parametrize('kind', PEERS)
def test_the_other_image_counts_and_the_other_pairs_do_not(kind):
    module = make(kind)
    before, after = torch.randn(2, 2, INPUTS, 4, 6)
    changed = after.clone()
    changed[0] += torch.randn_like(changed[0])
    plain, other = module(before, after)[0], module(before, changed)[0]
    assert (plain[0] - other[0]).abs().max() > 1e-3
    torch.testing.assert_close(plain[1], other[1], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_co_attention_finds_content_wherever_it_stands():
    module = make(CoAttention)
    before, after = torch.randn(2, 1, INPUTS, 4, 6)
    moved = after.flatten(2)[..., torch.randperm(24)].unflatten(2, (4, 6))
    torch.testing.assert_close(module(before, after)[0], module(before, moved)[0], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_positions_of_grids_of_different_size_agree():
    coarse, fine = sine_position(torch.zeros(1, 8, 1, 1)), sine_position(torch.zeros(1, 8, 3, 5))
    torch.testing.assert_close(coarse[0, 0], fine[0, 1 * 5 + 2])


@pytest.mark.parametrize('kind', PEERS)
def test_every_weight_learns_in_bfloat16(kind):
    module = kind(INPUTS, OUTPUTS).train()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        before, after = module(*torch.randn(2, 2, INPUTS, 20, 20))
        loss = (before.float() * torch.randn(before.shape)).sum() + (after.float() * torch.randn(after.shape)).sum()
    loss.backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all() and parameter.grad.any(), name


@torch.no_grad()
@pytest.mark.parametrize('kind', PEERS)
def test_one_line_of_a_config_puts_it_in_place(kind):
    config = tiny_config()['backbone']
    config['backbone'] = {**config['backbone'], 'pretrained': False}
    config['difference'] = {'type': kind.__name__}
    backbone = build_model(config).eval()
    maps, _ = backbone(torch.randn(1, 2, 3, 64, 96))
    assert [type(module) for module in backbone.difference] == [kind] * 4
    sizes = [(2, c, 64 // s, 96 // s) for c, s in zip(config['out_channels'], (4, 8, 16, 32), strict=True)]
    assert [tuple(item.shape) for item in maps] == sizes
