"""Cases for the deformable attention tests: arguments of any shape, a slow yardstick, and every tier by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from difftracker.ops import backend_info
from difftracker.ops.backend import CPU_LEVELS
from difftracker.ops.reference import ms_deform_attn_backward_reference, ms_deform_attn_reference

Arguments = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]
Gradients = tuple[Tensor, Tensor, Tensor]


def make_arguments(
    batch: int = 2,
    queries: int = 5,
    heads: int = 2,
    dim: int = 8,
    points: int = 3,
    levels: tuple[tuple[int, int], ...] = ((7, 5), (3, 4), (1, 1)),
    dtype: torch.dtype = torch.float32,
    device: str = 'cpu',
    seed: int = 0,
) -> Arguments:
    """Values of size 1 and points that lie inside, on the border and well outside."""
    generator = torch.Generator().manual_seed(seed)
    shapes = torch.tensor(levels)
    areas = shapes.prod(1)
    starts = areas.cumsum(0) - areas
    exact = torch.float64 if dtype == torch.float64 else torch.float32
    grid = (batch, queries, heads, len(levels), points)
    value = torch.randn(batch, int(areas.sum()), heads, dim, generator=generator, dtype=torch.float64)
    locations = torch.rand(*grid, 2, generator=generator, dtype=torch.float64) * 1.6 - 0.3
    weights = torch.rand(grid, generator=generator, dtype=torch.float64).flatten(3).softmax(-1).view(grid)
    return (
        value.to(device, dtype),
        shapes.to(device),
        starts.to(device),
        locations.to(device, exact),
        weights.to(device, exact),
    )


def scalar_loop(value: Tensor, shapes: Tensor, starts: Tensor, locations: Tensor, weights: Tensor) -> Tensor:
    """The definition in plain Python and float64, sharing no code with the package: for each point its four cells."""
    batch, _, heads, dim = value.shape
    _, queries, _, levels, points, _ = locations.shape
    cells, places, factors = value.double(), locations.double().tolist(), weights.double().tolist()
    output = torch.zeros(batch, queries, heads, dim, dtype=torch.float64)
    for b, q, h, level, p in (
        (b, q, h, level, p)
        for b in range(batch)
        for q in range(queries)
        for h in range(heads)
        for level in range(levels)
        for p in range(points)
    ):
        height, width = shapes[level].tolist()
        x, y = places[b][q][h][level][p]
        x, y = x * width - 0.5, y * height - 0.5
        if not (math.isfinite(x) and math.isfinite(y)):
            continue
        for row in (math.floor(y), math.floor(y) + 1):
            for column in (math.floor(x), math.floor(x) + 1):
                if 0 <= row < height and 0 <= column < width:
                    share = (1 - abs(y - row)) * (1 - abs(x - column)) * factors[b][q][h][level][p]
                    output[b, q, h] += share * cells[b, int(starts[level]) + row * width + column, h]
    return output.flatten(2)


@dataclass(frozen=True)
class Tier:
    """One implementation under test.

    Args:
        forward: Takes the five arguments, returns the output.
        backward: Takes the output's gradient and the five arguments, returns the gradients of value, points, weights.
    """

    forward: Callable[..., Tensor]
    backward: Callable[..., Gradients]


def _reference_forward(value, shapes, starts, locations, weights):
    return ms_deform_attn_reference(value, shapes, locations, weights)


def _reference_backward(grad, value, shapes, starts, locations, weights):
    return ms_deform_attn_backward_reference(grad, value, shapes, locations, weights)


@pytest.fixture(params=['reference', *CPU_LEVELS])
def tier(request: pytest.FixtureRequest) -> Iterator[Tier]:
    """Each CPU implementation in turn; skips those that this machine or build has not."""
    if request.param == 'reference':
        yield Tier(_reference_forward, _reference_backward)
        return
    info = backend_info()['cpu']
    if info['tier'] != 'compiled':
        pytest.skip(f'nothing compiled: {info["reason"]}')
    operators = torch.ops.difftracker
    best = operators.cpu_level(-1)
    wanted = CPU_LEVELS.index(request.param)
    if operators.cpu_level(wanted) != wanted:
        operators.cpu_level(best)
        pytest.skip(f'this processor has no {request.param}')
    try:
        yield Tier(operators.ms_deform_attn, lambda *args: operators.ms_deform_attn_backward(*args, False))
    finally:
        operators.cpu_level(best)


@pytest.fixture
def arguments() -> Callable[..., Arguments]:
    """The maker of arguments, see `make_arguments`."""
    return make_arguments


@pytest.fixture
def loop() -> Callable[..., Tensor]:
    """The slow yardstick, see `scalar_loop`."""
    return scalar_loop
