"""Every CPU tier gives the defined output: against a scalar float64 loop, and at the edges of the definition."""

from __future__ import annotations

import pytest
import torch

from difftracker.ops import backend_info, ms_deform_attn

# Relative to the largest output. Half precision: the rounding of the output, since sums are in float32.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 2.0**-11, torch.bfloat16: 2.0**-8}
# One point on a level of two rows and three columns; cells hold 1 to 6.
CELLS = ((2, 3),)


def one_point(tier, x: float, y: float, dtype=torch.float64) -> float:
    value = torch.arange(1, 7, dtype=dtype).view(1, 6, 1, 1).expand(1, 6, 1, 16)
    exact = torch.float64 if dtype == torch.float64 else torch.float32
    point = torch.tensor([x, y], dtype=exact).view(1, 1, 1, 1, 1, 2)
    weight = torch.ones(1, 1, 1, 1, 1, dtype=exact)
    output = tier.forward(value, torch.tensor(CELLS), torch.tensor([0]), point, weight)
    assert (output == output[0, 0, 0]).all()
    return output[0, 0, 0].item()


def relative_error(got: torch.Tensor, expected: torch.Tensor) -> float:
    return ((got.double() - expected.double()).abs().max() / expected.double().abs().max()).item()


@pytest.mark.parametrize('dtype', TOLERANCE)
@pytest.mark.parametrize('dim', [1, 2, 3, 8, 30, 32, 71])
def test_equals_scalar_loop(tier, arguments, loop, dim, dtype):
    case = arguments(dim=dim, dtype=dtype)
    output = tier.forward(*case)
    assert output.dtype == dtype
    assert output.shape == (2, 5, 2 * dim)
    assert relative_error(output, loop(*case)) <= TOLERANCE[dtype]


@pytest.mark.parametrize('batch', [1, 3, 5, 7])
def test_any_batch(tier, arguments, loop, batch):
    case = arguments(batch=batch, heads=3, dim=16, queries=4)
    assert relative_error(tier.forward(*case), loop(*case)) <= 1e-5


@pytest.mark.parametrize('levels', [((1, 1),), ((1, 9), (9, 1)), ((1, 1), (1, 1), (2, 1))])
def test_one_pixel_levels(tier, arguments, loop, levels):
    case = arguments(levels=levels, dim=32)
    assert relative_error(tier.forward(*case), loop(*case)) <= 1e-5


def test_non_contiguous_inputs(tier, arguments):
    case = arguments(dim=32)
    strided = (
        case[0].transpose(1, 2).contiguous().transpose(1, 2),
        case[1].t().contiguous().t(),
        torch.stack([case[2], case[2]], 1)[:, 0],
        case[3].flip(-1).contiguous().flip(-1).transpose(0, 1).contiguous().transpose(0, 1),
        case[4].repeat(1, 1, 1, 1, 2)[..., : case[4].shape[-1]],
    )
    assert not any(tensor.is_contiguous() for tensor in strided)
    assert torch.equal(tier.forward(*strided), tier.forward(*case))


@pytest.mark.parametrize(
    ('x', 'y', 'expected'),
    [
        (0.5, 0.5, 3.5),  # middle of the picture
        (1 / 6, 1 / 4, 1.0),  # centre of the first cell
        (0.0, 1 / 4, 0.5),  # on the left border: half of the cell, half of the padding
        (1.0, 3 / 4, 3.0),  # on the right border
        (0.0, 0.0, 0.25),  # on the corner
        (-1 / 6, 1 / 4, 0.0),  # one cell to the left of the first centre
        (7 / 6, 1 / 4, 0.0),  # one cell to the right of the last centre
        (1.1, 0.5, 0.2 * 4.5),  # between the last column and the padding
    ],
)
def test_borders_are_zero_padded(tier, x, y, expected):
    assert one_point(tier, x, y) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), float('-inf'), 1e30, -1e30])
@pytest.mark.parametrize('dtype', [torch.float64, torch.float32, torch.bfloat16])
def test_points_without_a_place_contribute_zero(tier, bad, dtype):
    assert one_point(tier, bad, 0.5, dtype) == 0
    assert one_point(tier, 0.5, bad, dtype) == 0
    assert one_point(tier, bad, bad, dtype) == 0


def test_weights_of_points_without_a_place_do_not_matter(tier, arguments):
    """Where a query is NaN, so are its points and its weights."""
    case = arguments(dim=32)
    case[3][:, 1] = float('nan')
    case[4][:, 1] = float('nan')
    output = tier.forward(*case)
    assert torch.isfinite(output).all()
    assert not output[:, 1].any()
    grads = tier.backward(torch.ones_like(output), *case)
    assert all(torch.isfinite(grad).all() for grad in grads)
    assert not grads[1][:, 1].any()
    assert not grads[2][:, 1].any()


def test_value_that_starts_anywhere_in_its_memory(tier, arguments):
    case = arguments(dim=32)
    value = torch.empty(case[0].numel() + 1)[1:].view(case[0].shape).copy_(case[0])
    assert value.data_ptr() % 16 == 4
    assert torch.equal(tier.forward(value, *case[1:]), tier.forward(*case))


def test_last_cell_of_a_level_that_floats_cannot_count():
    """Beyond 2^24 a float skips numbers; the cell after the last one must not be read all the same."""
    if backend_info()['cpu']['tier'] != 'compiled':
        pytest.skip('nothing compiled')
    width = 2**24 + 3
    memory = torch.zeros(width + 8)
    memory[width - 1] = 1
    memory[width:] = float('nan')
    point = torch.tensor([1 - 2.0**-24, 0.5]).view(1, 1, 1, 1, 1, 2)
    tables = (torch.tensor([[1, width]]), torch.tensor([0]))
    assert ms_deform_attn(memory[:width].view(1, width, 1, 1), *tables, point, torch.ones(1, 1, 1, 1, 1)).item() == 1


def test_cells_out_of_reach_do_not_leak(tier, arguments):
    """An infinite value beside a border point must not turn the padding's zero weight into NaN."""
    case = arguments(batch=1, heads=1, dim=32, levels=((2, 2), (2, 2)), points=1, queries=1)
    value = case[0].clone()
    value[:, 1:3] = float('inf')
    value[:, 4:] = float('nan')
    points = torch.tensor([[-0.2, -0.2], [5.0, 5.0]]).view(1, 1, 1, 2, 1, 2)
    assert torch.isfinite(tier.forward(value, *case[1:3], points, case[4])).all()


@pytest.mark.parametrize(('batch', 'queries'), [(0, 3), (2, 0), (0, 0)])
def test_empty_sizes(tier, arguments, batch, queries):
    case = arguments(batch=batch, queries=queries)
    output = tier.forward(*case)
    assert output.shape == (batch, queries, 16)
    grads = tier.backward(output, *case)
    assert [grad.shape for grad in grads] == [case[i].shape for i in (0, 3, 4)]
    assert not any(grad.any() for grad in grads)


def test_more_points_and_queries_than_a_block(tier, arguments, loop):
    case = arguments(batch=1, queries=41, points=9, dim=16, levels=((6, 5), (2, 3)))
    assert relative_error(tier.forward(*case), loop(*case)) <= 1e-5
