"""The CUDA kernels on a card. Every test here needs one; `tools/gpu/run_ops.py` runs them and writes a report."""

from __future__ import annotations

import pytest
import torch

from difftracker.ops import backend_info, ms_deform_attn
from difftracker.ops.reference import ms_deform_attn_backward_reference, ms_deform_attn_reference

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason='no CUDA device'),
    pytest.mark.skipif(
        backend_info()['cuda']['tier'] != 'compiled', reason=f'not compiled: {backend_info()["cuda"]["reason"]}'
    ),
]
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 2.0**-10, torch.bfloat16: 2.0**-8}


def exact(case):
    return [tensor.cpu().double() if tensor.is_floating_point() else tensor.cpu() for tensor in case]


def expected_output(case):
    value, shapes, _, locations, weights = exact(case)
    return ms_deform_attn_reference(value, shapes, locations, weights)


def close(got, expected, dtype):
    return (got.cpu().double() - expected).abs().max() <= TOLERANCE[dtype] * expected.abs().max()


@pytest.mark.parametrize('dtype', TOLERANCE)
@pytest.mark.parametrize('dim', [1, 2, 3, 8, 16, 30, 32, 64, 71, 128, 256, 1025])
@pytest.mark.parametrize('deterministic', [False, True])
def test_values_and_gradients(arguments, dim, dtype, deterministic):
    case = arguments(dim=dim, dtype=dtype, queries=67, device='cuda')
    operators = torch.ops.difftracker
    assert close(operators.ms_deform_attn(*case), expected_output(case), dtype)
    grad = torch.randn(2, 67, 2 * dim).to('cuda', dtype)
    value, shapes, _, locations, weights = exact(case)
    wanted = ms_deform_attn_backward_reference(grad.cpu().double(), value, shapes, locations, weights)
    for got, want in zip(operators.ms_deform_attn_backward(grad, *case, deterministic), wanted):
        assert close(got, want, dtype)


@pytest.mark.parametrize('batch', [1, 3, 5, 7])
def test_any_batch(arguments, batch):
    case = arguments(batch=batch, dim=32, device='cuda')
    assert close(ms_deform_attn(*case), expected_output(case), torch.float32)


@pytest.mark.parametrize('dim', [1, 2, 3, 30, 32, 64, 71, 256, 1025])
def test_gradcheck(arguments, dim):
    case = arguments(batch=1, queries=2, heads=1, dim=dim, points=2, levels=((3, 2), (1, 2)), dtype=torch.float64)
    case = tuple(t.cuda().requires_grad_() if t.is_floating_point() else t.cuda() for t in case)
    # Atomic sums may differ in the last bit between the two analytical passes that gradcheck compares.
    assert torch.autograd.gradcheck(ms_deform_attn, case, fast_mode=dim > 32, nondet_tol=1e-12)


def test_opcheck(arguments):
    case = tuple(t.requires_grad_() if t.is_floating_point() else t for t in arguments(device='cuda'))
    torch.library.opcheck(torch.ops.difftracker.ms_deform_attn.default, case)


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -1e30])
def test_points_without_a_place(arguments, bad):
    case = arguments(dim=32, device='cuda')
    case[3].fill_(bad)
    case[4].fill_(bad)
    assert not ms_deform_attn(*case).any()
    grads = torch.ops.difftracker.ms_deform_attn_backward(torch.ones(2, 5, 64, device='cuda'), *case, False)
    assert not any(grad.any() for grad in grads)


@pytest.mark.parametrize('inference', [False, True])
def test_level_tables_are_waited_for_once(arguments, inference):
    with torch.inference_mode(inference):
        case = arguments(dim=32, device='cuda')
        expected = ms_deform_attn(*case)
        torch.cuda.set_sync_debug_mode('error')
        try:
            output = ms_deform_attn(*case)
        finally:
            torch.cuda.set_sync_debug_mode('default')
        assert torch.equal(output, expected)


@pytest.mark.parametrize(('batch', 'queries'), [(0, 3), (2, 0)])
def test_empty_sizes(arguments, batch, queries):
    case = tuple(t.requires_grad_() if t.is_floating_point() else t for t in arguments(batch=batch, queries=queries))
    case = tuple(t.detach().cuda().requires_grad_(t.requires_grad) for t in case)
    ms_deform_attn(*case).sum().backward()
    assert not case[0].grad.any()


def test_non_contiguous_inputs(arguments):
    case = arguments(dim=32, device='cuda')
    strided = (case[0].transpose(1, 2).contiguous().transpose(1, 2), *case[1:])
    assert torch.equal(ms_deform_attn(*strided), ms_deform_attn(*case))


def test_unaligned_value(arguments):
    case = arguments(dim=32, device='cuda')
    storage = torch.empty(case[0].numel() + 1, device='cuda')
    value = storage[1:].view(case[0].shape).copy_(case[0])
    assert close(ms_deform_attn(value, *case[1:]), expected_output(case), torch.float32)


def test_deterministic_backward_repeats_bit_by_bit(arguments):
    case = arguments(batch=1, heads=8, dim=32, queries=3000, levels=((20, 30), (10, 15)), device='cuda')
    case = tuple(t.requires_grad_() if t.is_floating_point() else t for t in case)
    torch.use_deterministic_algorithms(True)
    try:
        runs = [
            torch.autograd.grad(ms_deform_attn(*case).square().sum(), (case[0], case[3], case[4])) for _ in range(5)
        ]
    finally:
        torch.use_deterministic_algorithms(False)
    assert all(torch.equal(one, two) for run in runs[1:] for one, two in zip(runs[0], run))


def test_autocast(arguments):
    case = arguments(dim=32, device='cuda')
    with torch.autocast('cuda', torch.bfloat16):
        output = ms_deform_attn(*case)
    assert output.dtype == torch.bfloat16
    assert close(output, expected_output((case[0].bfloat16(), *case[1:])), torch.bfloat16)


def test_compiles_without_a_graph_break(arguments):
    case = arguments(dim=32, device='cuda')
    compiled = torch.compile(ms_deform_attn, fullgraph=True, mode='reduce-overhead')
    for _ in range(3):
        output = compiled(*case).clone()
    assert torch.equal(output, ms_deform_attn(*case))


def test_cuda_graph(arguments):
    case = arguments(dim=32, device='cuda')
    ms_deform_attn(*case)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        output = ms_deform_attn(*case)
    case[0].copy_(torch.randn_like(case[0]))
    graph.replay()
    assert torch.equal(output, ms_deform_attn(*case))


def test_cuda_graph_of_a_training_step(arguments):
    case = tuple(t.requires_grad_() if t.is_floating_point() else t for t in arguments(dim=32, device='cuda'))
    floats = (case[0], case[3], case[4])
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        torch.autograd.grad(ms_deform_attn(*case).square().sum(), floats)
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        got = torch.autograd.grad(ms_deform_attn(*case).square().sum(), floats)
    with torch.no_grad():
        case[0].copy_(torch.randn_like(case[0]))
    graph.replay()
    expected = torch.autograd.grad(ms_deform_attn(*case).square().sum(), floats)
    for one, two in zip(got, expected):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-5)


def test_compiles_a_training_step(arguments):
    case = tuple(t.requires_grad_() if t.is_floating_point() else t for t in arguments(dim=32, device='cuda'))
    floats = (case[0], case[3], case[4])
    compiled = torch.compile(ms_deform_attn, fullgraph=True)
    got = torch.autograd.grad(compiled(*case).square().sum(), floats)
    expected = torch.autograd.grad(ms_deform_attn(*case).square().sum(), floats)
    for one, two in zip(got, expected):
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('change', [(0, 1000), (0, -4), (1, 2**40)])
@pytest.mark.parametrize('deterministic', [False, True])
def test_level_tables_beyond_the_value_read_nothing(arguments, change, deterministic):
    """A captured graph calls the kernels without the checks of the Python function."""
    case = arguments(dim=32, levels=((4, 4),), device='cuda')
    case[1][0, change[0]] = change[1]
    operators = torch.ops.difftracker
    assert not operators.ms_deform_attn(*case).any()
    grads = operators.ms_deform_attn_backward(torch.ones(2, 5, 64, device='cuda'), *case, deterministic)
    assert not any(grad.any() for grad in grads)


def test_infinite_gradient_is_not_hidden_by_fixed_point(arguments):
    case = arguments(dim=32, device='cuda')
    grad = torch.zeros(2, 5, 64, device='cuda')
    grad[0, 0, 0] = float('inf')
    assert torch.ops.difftracker.ms_deform_attn_backward(grad, *case, True)[0].isnan().all()


def test_runs_on_the_current_stream(arguments):
    case = arguments(dim=32, queries=4000, device='cuda')
    expected = ms_deform_attn(*case)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        torch.cuda._sleep(10_000_000)
        value = case[0] * 2
        output = ms_deform_attn(value, *case[1:])
    stream.synchronize()
    torch.testing.assert_close(output, expected * 2)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason='needs two cards')
def test_second_card(arguments):
    case = arguments(dim=32, device='cuda:1')
    assert torch.cuda.current_device() == 0
    assert close(ms_deform_attn(*case), expected_output(case), torch.float32)
    grad = torch.ones(2, 5, 64, device='cuda:1')
    value, shapes, _, locations, weights = exact(case)
    wanted = ms_deform_attn_backward_reference(grad.cpu().double(), value, shapes, locations, weights)
    for deterministic in (False, True):
        for got, want in zip(torch.ops.difftracker.ms_deform_attn_backward(grad, *case, deterministic), wanted):
            assert got.device == grad.device
            assert close(got, want, torch.float32)


def test_mixed_devices(arguments):
    case = arguments(device='cuda')
    with pytest.raises(ValueError, match='sampling_locations: expected on cuda'):
        ms_deform_attn(*case[:3], case[3].cpu(), case[4])


@pytest.mark.parametrize('deterministic', [False, True])
def test_value_of_more_than_two_billion_elements(deterministic):
    """A value of 2^31 + 2^20 half precision numbers: points on its last row must be found, forward and backward."""
    rows, dim = 2**18 + 2**7, 1024
    # The value, its gradient, and the sums in between: floats, or 64-bit integers.
    needed = (2 + 2 + (8 if deterministic else 4) + 1) * rows * 8 * dim
    if torch.cuda.mem_get_info()[0] < needed:
        pytest.skip(f'needs {needed / 1e9:.0f} GB of free GPU memory')
    value = torch.zeros(1, rows, 8, dim, dtype=torch.float16, device='cuda')
    value[0, -1] = 1
    points = torch.full((1, 1, 8, 1, 1, 2), 0.5, device='cuda')
    points[..., 1] = (rows - 0.5) / rows
    shapes, starts = torch.tensor([[rows, 1]], device='cuda'), torch.tensor([0], device='cuda')
    weights = torch.ones(1, 1, 8, 1, 1, device='cuda')
    output = ms_deform_attn(value, shapes, starts, points, weights)
    assert (output > 0.9).all()
    grad_value, _, grad_weights = torch.ops.difftracker.ms_deform_attn_backward(
        torch.ones_like(output), value, shapes, starts, points, weights, deterministic
    )
    assert (grad_value[0, -1] > 0.9).all()
    assert not grad_value[0, :-2].any()
    assert (grad_weights > 0.9 * dim).all()


def test_output_of_more_than_two_billion_elements():
    """2^18 + 2 queries of 8,192 channels: the last rows of the output and of the gradients must be right."""
    queries, dim = 2**18 + 2, 1024
    if torch.cuda.mem_get_info()[0] < 5 * queries * 8 * dim:
        pytest.skip('needs 11 GB of free GPU memory')
    value = torch.full((1, 1, 8, dim), 2.0, dtype=torch.float16, device='cuda')
    shapes, starts = torch.tensor([[1, 1]], device='cuda'), torch.tensor([0], device='cuda')
    points = torch.full((1, queries, 8, 1, 1, 2), 0.5, device='cuda')
    weights = torch.zeros(1, queries, 8, 1, 1, device='cuda')
    weights[0, -1] = 1
    output = ms_deform_attn(value, shapes, starts, points, weights)
    assert output.numel() > 2**31
    assert (output[0, -1] == 2).all()
    assert not output[0, -2].any()
    grad_weights = torch.ops.difftracker.ms_deform_attn_backward(
        torch.ones_like(output), value, shapes, starts, points, weights, False
    )[2]
    assert (grad_weights[0, -1] == 2 * dim).all()
