"""Gradients of every CPU tier: against finite differences, float64, other thread counts and themselves."""

from __future__ import annotations

import pytest
import torch

from difftracker.ops import ms_deform_attn
from difftracker.ops.reference import ms_deform_attn_backward_reference


class TierFunction(torch.autograd.Function):
    """One tier's kernels as a differentiable function, so that gradcheck sees just them."""

    @staticmethod
    def forward(ctx, tier, *case):
        ctx.tier = tier
        ctx.save_for_backward(*case)
        return tier.forward(*case)

    @staticmethod
    def backward(ctx, grad):
        by_value, by_points, by_weights = ctx.tier.backward(grad, *ctx.saved_tensors)
        return None, by_value, None, None, by_points, by_weights


def with_gradients(case):
    return tuple(tensor.requires_grad_() if tensor.is_floating_point() else tensor for tensor in case)


def exact_gradients(grad, case):
    exact = [tensor.double() if tensor.is_floating_point() else tensor for tensor in case]
    return ms_deform_attn_backward_reference(grad.double(), exact[0], exact[1], exact[3], exact[4])


@pytest.mark.parametrize('dim', [1, 2, 3, 30, 32, 64, 71, 256, 1025])
def test_gradcheck(tier, arguments, dim):
    case = with_gradients(
        arguments(batch=1, queries=2, heads=1, dim=dim, points=2, levels=((3, 2), (1, 2)), dtype=torch.float64)
    )
    assert torch.autograd.gradcheck(lambda *args: TierFunction.apply(tier, *args), case, fast_mode=dim > 32)


def test_gradcheck_through_the_operator(arguments):
    case = with_gradients(arguments(batch=3, queries=3, dim=3, dtype=torch.float64))
    assert torch.autograd.gradcheck(ms_deform_attn, case)


@pytest.mark.parametrize(
    ('dtype', 'tolerance'),
    [(torch.float32, 1e-5), (torch.float16, 2.0**-10), (torch.bfloat16, 2.0**-8)],
)
@pytest.mark.parametrize('dim', [1, 3, 8, 16, 30, 32, 64, 71])
def test_gradients_equal_float64(tier, arguments, dim, dtype, tolerance):
    case = arguments(dim=dim, queries=37, dtype=dtype)
    grad = torch.randn(2, 37, 2 * dim, generator=torch.Generator().manual_seed(1)).to(dtype)
    for got, expected, source in zip(tier.backward(grad, *case), exact_gradients(grad, case), (0, 3, 4)):
        assert got.dtype == case[source].dtype
        assert (got.double() - expected).abs().max() <= tolerance * expected.abs().max()


def test_points_without_a_place_get_no_gradient(tier, arguments):
    case = arguments(batch=1, queries=1, heads=1, dim=32, points=5, levels=((3, 3),))
    case[3][..., :4, 0] = torch.tensor([float('nan'), float('inf'), -1e30, 7.0])
    grads = tier.backward(torch.ones(1, 1, 32), *case)
    assert all(torch.isfinite(grad).all() for grad in grads)
    assert not grads[1][..., :4, :].any()
    assert not grads[2][..., :4].any()
    assert grads[1][..., 4, :].any()


def test_bits_do_not_depend_on_threads_or_runs(tier, arguments):
    case = arguments(batch=1, heads=8, dim=32, queries=400, levels=((20, 30), (10, 15), (5, 8)))
    grad = torch.randn(1, 400, 256, generator=torch.Generator().manual_seed(1))
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2, 2, 3):
            torch.set_num_threads(count)
            results.append((tier.forward(*case), *tier.backward(grad, *case)))
    finally:
        torch.set_num_threads(threads)
    for other in results[1:]:
        assert all(torch.equal(one, two) for one, two in zip(results[0], other))


def test_no_second_derivative(arguments):
    case = with_gradients(arguments(dtype=torch.float64))
    (by_value,) = torch.autograd.grad(ms_deform_attn(*case).square().sum(), case[0], create_graph=True)
    with pytest.raises(NotImplementedError, match='second derivative'):
        by_value.sum().backward()
