"""The CUDA kernels' source, run thread by thread on the CPU: places, sums, barriers and determinism without a GPU.

This checks the logic, not what only a card can show: speed, memory faults, and whether its atomics do as they say.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from difftracker.ops.reference import ms_deform_attn_backward_reference, ms_deform_attn_reference

FOLDER = Path(__file__).parent
SOURCES = FOLDER.parents[1] / 'difftracker' / 'ops' / 'csrc' / 'cuda'
TYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 2.0**-10, torch.bfloat16: 2.0**-8}


def build_emulator(folder: Path, *flags: str) -> ctypes.CDLL:
    """Compiles the kernels as C++; the card's headers are replaced by the emulation."""
    compiler = shutil.which('g++')
    if compiler is None:
        pytest.skip('needs g++')
    for name in ('cuda_bf16.h', 'cuda_fp16.h', 'cuda_runtime.h'):
        (folder / name).touch()
    library = folder / 'emulator.so'
    command = [compiler, '-std=c++20', '-O1', '-fPIC', '-shared', *flags, f'-I{folder}', f'-I{SOURCES}']
    result = subprocess.run(
        [*command, str(FOLDER / 'cuda_emulation.cpp'), '-o', str(library)], capture_output=True, text=True, check=False
    )
    if result.returncode and '_Float16' in result.stderr:
        pytest.skip('this g++ has no _Float16')
    assert result.returncode == 0, result.stderr
    return ctypes.CDLL(str(library))


@pytest.fixture(scope='module')
def emulator(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """A card before 9.0."""
    return build_emulator(tmp_path_factory.mktemp('emulator'))


@pytest.fixture(scope='module')
def hopper(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """A card from 9.0 on, which can add four floats at once."""
    return build_emulator(tmp_path_factory.mktemp('hopper'), '-D__CUDA_ARCH__=900')


def call(function: Callable, case, tensors, aligned: bool, chunk: int, *flags: bool) -> None:
    value, _, _, locations, _ = case
    sizes = (*value.shape, locations.shape[1], *locations.shape[3:5])
    pointers = (ctypes.c_void_p * len(tensors))(*(tensor.data_ptr() for tensor in tensors))
    numbers = (int(number) for number in (TYPES.index(value.dtype), aligned, chunk, *flags))
    function((ctypes.c_int64 * 7)(*sizes), pointers, *numbers)


def forward(emulator, case, aligned=True, chunk=0, falling=False):
    value, shapes, starts, locations, weights = case
    output = torch.full((value.shape[0], locations.shape[1], value.shape[2] * value.shape[3]), 9.0, dtype=value.dtype)
    tensors = (shapes, starts, value, locations, weights, output)
    call(emulator.emulate_forward, case, tensors, aligned, chunk, falling)
    return output


def backward(emulator, case, grad, deterministic, aligned=True, chunk=0, falling=False):
    value, shapes, starts, locations, weights = case
    grads = tuple(torch.full_like(tensor, 9.0) for tensor in (value, locations, weights))
    tensors = (shapes, starts, value, locations, weights, grad, *grads)
    call(emulator.emulate_backward, case, tensors, aligned, chunk, falling, deterministic)
    return grads


def close(got, expected, dtype) -> bool:
    return bool((got.double() - expected).abs().max() <= TOLERANCE[dtype] * expected.abs().max())


def exact(case):
    return [tensor.double() if tensor.is_floating_point() else tensor for tensor in case]


# Channels, whether tensors start on 16 bytes, points placed at a time (0: as the launcher chooses). Groups of every
# size, rows longer than a group, and single channels where there are no 16-byte pieces.
SHAPES = [
    (16, True, 0),
    (32, True, 0),
    (64, True, 2),
    (160, True, 0),
    (288, True, 4),
    (32, False, 0),
    (3, True, 5),
    (71, True, 4),
]


@pytest.mark.parametrize('dtype', TYPES)
@pytest.mark.parametrize(('dim', 'aligned', 'chunk'), SHAPES)
def test_forward(emulator, arguments, dim, aligned, chunk, dtype):
    case = arguments(dim=dim, dtype=dtype, queries=9)
    double = exact(case)
    expected = ms_deform_attn_reference(double[0], double[1], double[3], double[4])
    assert close(forward(emulator, case, aligned, chunk), expected, dtype)


@pytest.mark.parametrize('deterministic', [False, True])
@pytest.mark.parametrize('dtype', TYPES)
@pytest.mark.parametrize(('dim', 'aligned', 'chunk'), SHAPES)
def test_backward(emulator, arguments, dim, aligned, chunk, dtype, deterministic):
    case = arguments(dim=dim, dtype=dtype, queries=9)
    grad = torch.randn(2, 9, 2 * dim, generator=torch.Generator().manual_seed(3)).to(dtype)
    double = exact(case)
    expected = ms_deform_attn_backward_reference(grad.double(), double[0], double[1], double[3], double[4])
    got = backward(emulator, case, grad, deterministic, aligned, chunk)
    assert all(close(one, other, dtype) for one, other in zip(got, expected))


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_additions_of_four_floats_at_once(hopper, arguments, dtype):
    case = arguments(dim=32, dtype=dtype, queries=9)
    grad = torch.randn(2, 9, 64, generator=torch.Generator().manual_seed(3)).to(dtype)
    double = exact(case)
    expected = ms_deform_attn_backward_reference(grad.double(), double[0], double[1], double[3], double[4])
    before = hopper.count_vector_additions()
    got = backward(hopper, case, grad, False)
    assert hopper.count_vector_additions() > before
    assert all(close(one, other, dtype) for one, other in zip(got, expected))


@pytest.mark.parametrize('dtype', TYPES)
def test_deterministic_backward_does_not_depend_on_the_order(emulator, arguments, dtype):
    case = arguments(dim=32, dtype=dtype, queries=40, levels=((2, 2),))
    grad = torch.randn(2, 40, 64, generator=torch.Generator().manual_seed(3)).to(dtype)
    rising, falling = (backward(emulator, case, grad, True, chunk=3, falling=order) for order in (False, True))
    assert all(torch.equal(one, other) for one, other in zip(rising, falling))


def test_atomic_backward_does(emulator, arguments):
    """Shows that the test above can fail: plain additions in another order give other bits."""
    case = arguments(dim=32, queries=40, levels=((2, 2),))
    grad = torch.randn(2, 40, 64, generator=torch.Generator().manual_seed(3))
    rising, falling = (backward(emulator, case, grad, False, chunk=3, falling=order) for order in (False, True))
    assert not torch.equal(rising[0], falling[0])
    assert torch.equal(rising[1], falling[1])


@pytest.mark.parametrize('bad', [float('nan'), float('inf'), -1e30])
def test_points_without_a_place(emulator, arguments, bad):
    case = arguments(dim=32)
    case[3].fill_(bad)
    assert not forward(emulator, case).any()
    grads = backward(emulator, case, torch.ones(2, 5, 64), False)
    assert not any(grad.any() for grad in grads)


def test_nan_weights_of_points_without_a_place_do_no_harm(emulator, arguments):
    case = arguments(dim=32)
    case[3][:, 1] = float('nan')
    case[4][:, 1] = float('nan')
    assert forward(emulator, case).isfinite().all()
    grads = backward(emulator, case, torch.ones(2, 5, 64), False)
    assert all(grad.isfinite().all() for grad in grads)


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32])
def test_fixed_point_holds_all_points_in_one_cell(emulator, arguments, dtype):
    """The most that the sums must hold: every point on the same cell, with the largest weight and gradient."""
    case = arguments(batch=1, heads=1, queries=1500, points=3, dim=16, levels=((1, 1),), dtype=dtype)
    case[3].fill_(0.5)
    case[4].fill_(1.75)
    got = backward(emulator, case, torch.full((1, 1500, 16), 1.75, dtype=dtype), True)[0]
    assert (got == 1500 * 3 * 1.75**2).all()


def test_zero_gradient_stays_zero_in_fixed_point(emulator, arguments):
    case = arguments(dim=32)
    grads = backward(emulator, case, torch.zeros(2, 5, 64), True)
    assert not any(grad.any() for grad in grads)


def test_overflow_is_not_hidden_by_fixed_point(emulator, arguments):
    case = arguments(dim=32)
    grad = torch.zeros(2, 5, 64)
    grad[0, 0, 0] = float('inf')
    assert backward(emulator, case, grad, True)[0].isnan().all()


def test_products_that_a_float_cannot_hold_become_infinite(emulator, arguments):
    """The largest product is finite as a double; as a float it is not, and its integer would be any number."""
    case = arguments(dim=32)
    case[4].mul_(20)
    grad = torch.full((2, 5, 64), 1e38)
    double = exact(case)
    expected = ms_deform_attn_backward_reference(grad.double(), double[0], double[1], double[3], double[4])[0].float()
    assert expected.isinf().any()
    got = backward(emulator, case, grad, True)[0]
    assert torch.equal(got.isinf(), expected.isinf())
    assert close(got[expected.isfinite()], expected[expected.isfinite()].double(), torch.float32)


def test_tiny_gradients_keep_a_finite_unit(emulator, arguments):
    case = arguments(dim=32, dtype=torch.float64)
    grad = torch.full((2, 5, 64), 1e-295, dtype=torch.float64)
    expected = ms_deform_attn_backward_reference(grad, case[0], case[1], case[3], case[4])[0]
    got = backward(emulator, case, grad, True)[0]
    # Near the end of what a double can hold, the integers keep fewer digits.
    assert (got - expected).abs().max() <= 1e-4 * expected.abs().max()


@pytest.mark.parametrize('change', [(0, 1000), (0, -4), (1, 2**40)])
def test_level_tables_beyond_the_value_read_nothing(emulator, arguments, change):
    """Under a captured CUDA graph tables are not checked in Python; the kernel itself must stay in its memory."""
    case = arguments(dim=32, levels=((4, 4),))
    case[1][0, change[0]] = change[1]
    assert not forward(emulator, case).any()
