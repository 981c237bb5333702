"""Deformable attention around boxes against a loop over its definition."""

from __future__ import annotations

import math

import torch

from difftracker.models.layers import BoxDeformableAttention
from difftracker.models.layers.level_tables import LevelTables

SHAPES = [(5, 4), (3, 6)]
HEADS, POINTS, WIDTH = 2, 3, 8
LEVELS = LevelTables.of(SHAPES, torch.device('cpu'))


def attention(random=True):
    module = BoxDeformableAttention(WIDTH, 6, len(SHAPES), HEADS, POINTS)
    if random:
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.add_(torch.randn_like(parameter) * 0.5)
    return module.requires_grad_(False)


def bilinear(picture, x, y):
    """Value of `(H, W, C)` at cell coordinates, zero outside."""
    height, width, _ = picture.shape
    total = torch.zeros_like(picture[0, 0])
    for row in (math.floor(y), math.floor(y) + 1):
        for column in (math.floor(x), math.floor(x) + 1):
            if 0 <= row < height and 0 <= column < width:
                total = total + picture[row, column] * (1 - abs(x - column)) * (1 - abs(y - row))
    return total


def loop(module, query, references, tokens):
    """Where and how much each head samples, one point at a time."""
    value = module.value(tokens).view(-1, HEADS, WIDTH // HEADS)
    pictures = [
        part.view(*shape, HEADS, -1)
        for part, shape in zip(value.split([h * w for h, w in SHAPES]), SHAPES, strict=True)
    ]
    rows = []
    for number, row in enumerate(query):
        offsets = module.offsets(row).view(HEADS, len(SHAPES), POINTS, 2)
        weights = module.weights(row).view(HEADS, -1).softmax(-1).view(HEADS, len(SHAPES), POINTS)
        heads = []
        for head in range(HEADS):
            total = torch.zeros(WIDTH // HEADS)
            for level, (height, width) in enumerate(SHAPES):
                cx, cy, w, h = references[number, level].tolist()
                for point in range(POINTS):
                    dx, dy = offsets[head, level, point].tolist()
                    x, y = cx + dx / POINTS * w / 2, cy + dy / POINTS * h / 2
                    sample = bilinear(pictures[level][:, :, head], x * width - 0.5, y * height - 0.5)
                    total = total + weights[head, level, point] * sample
            heads.append(total)
        rows.append(module.output(torch.cat(heads)))
    return torch.stack(rows)


def test_equals_a_loop():
    module = attention()
    query, tokens = torch.randn(2, 3, WIDTH), torch.randn(2, 38, 6)
    references = torch.rand(2, 3, 2, 4)
    found = module(query, references, tokens, LEVELS)
    for row in range(2):
        expected = loop(module, query[row], references[row], tokens[row])
        torch.testing.assert_close(found[row], expected, rtol=1e-4, atol=1e-5)


def test_starts_by_looking_at_rays_inside_the_box():
    module = attention(random=False)
    offsets = module.offsets.bias.view(HEADS, len(SHAPES), POINTS, 2) / POINTS
    expected = torch.tensor([1.0, 2.0, 3.0]) / 3
    for level in range(len(SHAPES)):
        torch.testing.assert_close(offsets[0, level, :, 0], expected)
        torch.testing.assert_close(offsets[1, level, :, 0], -expected)
    assert offsets[..., 1].abs().max() < 1e-6
    assert not module.offsets.weight.any() and not module.weights.weight.any()


def test_each_level_follows_its_own_box():
    module = attention()
    query, tokens = torch.randn(1, 1, WIDTH), torch.randn(1, 38, 6)
    references = torch.tensor([[[[0.5, 0.5, 0.2, 0.2], [0.5, 0.5, 0.2, 0.2]]]])
    away = references.clone()
    away[0, 0, 1, :2] = 9  # the second level's box leaves the map
    emptied = tokens.clone()
    emptied[0, 20:] = 0
    module.value.bias.zero_()
    found = module(query, away, tokens, LEVELS)
    torch.testing.assert_close(found, module(query, references, emptied, LEVELS))
    assert not torch.allclose(found, module(query, references, tokens, LEVELS))
