"""The operator as PyTorch sees it: schema, fake kernels, autograd, autocast, compilation, and its errors."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext

import pytest
import torch
from torch._subclasses import FakeTensorMode

from difftracker.errors import DiffTrackerError
from difftracker.ops import backend, backend_info, ms_deform_attn, reference_kernels
from difftracker.ops.reference import ms_deform_attn_backward_reference, ms_deform_attn_reference


def with_gradients(case):
    return tuple(tensor.requires_grad_() if tensor.is_floating_point() else tensor for tensor in case)


def test_opcheck_forward(arguments):
    torch.library.opcheck(torch.ops.difftracker.ms_deform_attn.default, with_gradients(arguments()))


def test_opcheck_backward(arguments):
    case = arguments()
    grad = torch.randn(2, 5, 16)
    torch.library.opcheck(torch.ops.difftracker.ms_deform_attn_backward.default, (grad, *case, False))


@pytest.mark.parametrize('kernels', [nullcontext, reference_kernels])
def test_opcheck_of_strided_inputs(arguments, kernels):
    """The gradients must lie in memory as a compiled graph expects them to, however the inputs lie."""
    value, shapes, starts, points, weights = arguments()
    value, weights = (tensor.transpose(1, 2).contiguous().transpose(1, 2) for tensor in (value, weights))
    points = points.transpose(-1, -2).contiguous().transpose(-1, -2)
    grad = torch.randn(2, 16, 5).transpose(1, 2)
    case = (value, shapes, starts, points, weights)
    with kernels():
        torch.library.opcheck(torch.ops.difftracker.ms_deform_attn.default, case)
        torch.library.opcheck(torch.ops.difftracker.ms_deform_attn_backward.default, (grad, *case, False))


@pytest.mark.parametrize('dynamic', [False, True])
def test_compiles_without_a_graph_break(arguments, dynamic):
    case = with_gradients(arguments(dim=32))
    compiled = torch.compile(ms_deform_attn, fullgraph=True, backend='aot_eager', dynamic=dynamic)
    output = compiled(*case)
    assert torch.equal(output, ms_deform_attn(*case))
    expected = torch.autograd.grad(ms_deform_attn(*case).square().sum(), (case[0], case[3], case[4]))
    got = torch.autograd.grad(output.square().sum(), (case[0], case[3], case[4]))
    assert all(torch.equal(one, two) for one, two in zip(got, expected))


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_autocast_moves_values_but_not_points(arguments, dtype):
    case = with_gradients(arguments(dim=32))
    with torch.autocast('cpu', dtype):
        output = ms_deform_attn(*case)
    assert output.dtype == dtype
    assert torch.equal(output, ms_deform_attn(case[0].to(dtype), *case[1:]))
    output.float().sum().backward()
    assert [case[i].grad.dtype for i in (0, 3, 4)] == [torch.float32] * 3


def test_compiles_under_autocast(arguments):
    case = with_gradients(arguments(dim=32))
    compiled = torch.compile(ms_deform_attn, fullgraph=True, backend='aot_eager')
    with torch.autocast('cpu', torch.bfloat16):
        output, expected = compiled(*case), ms_deform_attn(*case)
    assert output.dtype == torch.bfloat16
    assert torch.equal(output, expected)
    got, wanted = (
        torch.autograd.grad(one.float().square().sum(), (case[0], case[3], case[4])) for one in (output, expected)
    )
    assert all(torch.equal(one, two) for one, two in zip(got, wanted))


def test_autocast_leaves_float64_alone(arguments):
    with torch.autocast('cpu', torch.bfloat16):
        assert ms_deform_attn(*arguments(dtype=torch.float64)).dtype == torch.float64


def test_half_precision_points_are_accepted(arguments):
    case = arguments(dtype=torch.bfloat16)
    points = case[3].to(torch.bfloat16).requires_grad_()
    output = ms_deform_attn(*case[:3], points, case[4].to(torch.bfloat16))
    output.sum().backward()
    assert points.grad.dtype == torch.bfloat16
    assert torch.equal(output, ms_deform_attn(*case[:3], points.float(), case[4].to(torch.bfloat16).float()))


def test_no_gradient_where_none_is_wanted(arguments):
    case = arguments()
    assert not ms_deform_attn(*case).requires_grad
    case[4].requires_grad_()
    ms_deform_attn(*case).sum().backward()
    assert case[4].grad is not None


def changed(case, position, change):
    return tuple(change(tensor) if i == position else tensor for i, tensor in enumerate(case))


@pytest.mark.parametrize(
    ('position', 'change', 'error', 'message'),
    [
        (0, lambda t: t[0], ValueError, r'value: expected 4 dimensions'),
        (1, lambda t: t[0], ValueError, r'spatial_shapes: expected 2 dimensions'),
        (2, lambda t: t[:, None], ValueError, r'level_start_index: expected 1 dimensions'),
        (3, lambda t: t[..., 0], ValueError, r'sampling_locations: expected 6 dimensions'),
        (4, lambda t: t[..., 0], ValueError, r'attention_weights: expected 5 dimensions'),
        (0, lambda t: t[:1], ValueError, r'sampling_locations: expected shape \(1, 5'),
        (0, lambda t: t[:, :-1], ValueError, r'cover 48 rows, but value has 47'),
        (0, lambda t: t[..., :0], ValueError, r'must not be zero'),
        (0, lambda t: t[:, :, :0], ValueError, r'must not be zero'),
        (4, lambda t: t[..., :0], ValueError, r'must not be zero'),
        (4, lambda t: t[:, :, :, :0], ValueError, r'must not be zero'),
        (4, lambda t: t[:, :, :1], ValueError, r'attention_weights: expected shape|sampling_locations: expected shape'),
        (1, lambda t: t[:2], ValueError, r'spatial_shapes: expected shape \(3, 2\)'),
        (1, lambda t: t + 1, ValueError, r'level_start_index: level 1 starts at 35, expected 48'),
        (1, lambda t: t + torch.tensor([[0], [0], [6]]), ValueError, r'cover 96 rows, but value has 48'),
        (1, lambda t: t * torch.tensor([[1], [1], [0]]), ValueError, r'level 2 is 0 x 0'),
        (1, lambda t: t * torch.tensor([[1], [1], [-1]]), ValueError, r'level 2 is -1 x -1'),
        (2, lambda t: t[:2], ValueError, r'level_start_index: expected shape \(3,\)'),
        (2, lambda t: t + 1, ValueError, r'level 0 starts at 1, expected 0'),
        (3, lambda t: t[:, :4], ValueError, r'sampling_locations: expected shape'),
        (3, lambda t: t[..., :1], ValueError, r'sampling_locations: expected shape'),
        (0, lambda t: t.to('meta'), ValueError, r'spatial_shapes: expected on meta'),
        (1, lambda t: t.to('meta'), ValueError, r'spatial_shapes: expected on cpu'),
        (3, lambda t: t.to('meta'), ValueError, r'sampling_locations: expected on cpu'),
        (4, lambda t: t.to('meta'), ValueError, r'attention_weights: expected on cpu'),
        (0, lambda t: t.int(), TypeError, r'value: expected float64'),
        (1, lambda t: t.int(), TypeError, r'spatial_shapes: expected int64'),
        (2, lambda t: t.int(), TypeError, r'level_start_index: expected int64'),
        (3, lambda t: t.double(), TypeError, r'sampling_locations: expected torch.float32'),
        (4, lambda t: t.half(), TypeError, r'attention_weights: expected torch.float32'),
    ],
)
def test_bad_input_is_told(arguments, position, change, error, message):
    with pytest.raises(error, match=message) as caught:
        ms_deform_attn(*changed(arguments(), position, change))
    assert isinstance(caught.value, DiffTrackerError)


@pytest.mark.parametrize(
    ('position', 'change'),
    [
        (0, lambda t: t[:, :-1]),
        (0, lambda t: t.int()),
        (0, lambda t: t[:1]),
        (1, lambda t: t + 1),
        (1, lambda t: t * 2**62),
        (2, lambda t: t - 1),
        (3, lambda t: t.half()),
        (3, lambda t: t[..., :1]),
        (4, lambda t: t[:, :, :1]),
    ],
)
def test_kernels_refuse_bad_input_too(arguments, position, change):
    """The operator itself may be called from a compiled graph, where level tables were not read in Python."""
    case = changed(arguments(), position, change)
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        torch.ops.difftracker.ms_deform_attn(*case)
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        torch.ops.difftracker.ms_deform_attn_backward(torch.randn(2, 5, 16), *case, False)


def test_inference_mode(arguments):
    expected = ms_deform_attn(*arguments())
    with torch.inference_mode():
        case = arguments()
        assert case[1].is_inference()
        assert torch.equal(ms_deform_attn(*case), expected)
        case[1][0, 0] += 1
        with pytest.raises(ValueError, match='level_start_index'):
            ms_deform_attn(*case)


def test_tensors_without_data_give_the_shape(arguments):
    case = arguments()
    assert ms_deform_attn(*(tensor.to('meta') for tensor in case)).shape == (2, 5, 16)
    with FakeTensorMode() as mode:
        assert ms_deform_attn(*(mode.from_tensor(tensor) for tensor in case)).shape == (2, 5, 16)


def test_level_tables_changed_in_place_are_read_again(arguments):
    case = arguments()
    ms_deform_attn(*case)
    case[1][0, 0] += 1
    with pytest.raises(ValueError, match='level_start_index'):
        ms_deform_attn(*case)


def test_backend_info_names_tier_and_reason():
    info = backend_info()
    assert set(info) == {'cpu', 'cuda'}
    for device in info.values():
        assert device['tier'] in ('compiled', 'reference')
        assert device['reason']


def test_reference_kernels_replace_the_compiled_ones_for_a_while(arguments):
    case = with_gradients(arguments(dim=32))
    grad = torch.randn(2, 5, 64, generator=torch.Generator().manual_seed(1))
    floats = (case[0], case[3], case[4])
    before = ms_deform_attn(*case)
    with reference_kernels():
        output = ms_deform_attn(*case)
        grads = torch.autograd.grad(output, floats, grad)
    plain = [tensor.detach() for tensor in case]
    assert torch.equal(output, ms_deform_attn_reference(plain[0], plain[1], plain[3], plain[4]))
    expected = ms_deform_attn_backward_reference(grad, plain[0], plain[1], plain[3], plain[4])
    assert all(torch.equal(one, two) for one, two in zip(grads, expected))
    assert torch.equal(ms_deform_attn(*case), before)
    if backend_info()['cpu']['tier'] == 'compiled':
        assert not torch.equal(output, before)


def test_backend_info_tells_that_the_reference_is_in_force(monkeypatch):
    before = backend_info()
    forced = dict.fromkeys(('cpu', 'cuda'), {'tier': 'reference', 'reason': 'reference_kernels()'})
    for not_loaded in ('', 'DIFFTRACKER_OPS=reference'):
        monkeypatch.setattr(backend, '_not_loaded', not_loaded)
        with reference_kernels():
            with reference_kernels():
                pass
            assert backend_info() == forced
    monkeypatch.undo()
    assert backend_info() == before


def test_reference_can_be_asked_for():
    code = (
        'import torch; from difftracker.ops import backend_info, ms_deform_attn; print(backend_info()["cpu"]);'
        'w = torch.ones(1, 1, 1, 1, 1);'
        'print(ms_deform_attn(torch.ones(1, 1, 1, 1), torch.tensor([[1, 1]]), torch.tensor([0]),'
        ' torch.full((1, 1, 1, 1, 1, 2), 0.5), w).item())'
    )
    environment = {**os.environ, 'DIFFTRACKER_OPS': 'reference'}
    result = subprocess.run([sys.executable, '-c', code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["{'tier': 'reference', 'reason': 'DIFFTRACKER_OPS=reference'}", '1.0']
