"""The CPU kernels on other processors: 64-bit Arm, and an x86 without AVX, where nothing wider may run.

All sources compile for Arm, and the kernels give the right numbers on emulated processors. Arm needs a cross compiler,
`aarch64-linux-gnu-g++` or the package `ziglang`; running needs `qemu-aarch64` and `qemu-x86_64`. The program that is
emulated also runs as it is on this machine, which needs a C++ compiler only.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from difftracker.ops import build
from difftracker.ops.reference import ms_deform_attn_backward_reference, ms_deform_attn_reference

TYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
TOLERANCE = {torch.float64: 1e-12, torch.float32: 1e-5, torch.float16: 2.0**-10, torch.bfloat16: 2.0**-8}
SOURCES = build.SOURCES / 'cpu'


def arm_compiler(static: bool) -> list[str]:
    """The command that compiles for 64-bit Arm, with glibc unless the result is to need no library."""
    if compiler := shutil.which('aarch64-linux-gnu-g++'):
        return [compiler, *(['-static'] if static else [])]
    if importlib.util.find_spec('ziglang') is not None:
        zig = [sys.executable, '-m', 'ziglang', 'c++', '-target']
        return [*zig, 'aarch64-linux-musl', '-static'] if static else [*zig, 'aarch64-linux-gnu']
    pytest.skip('needs aarch64-linux-gnu-g++ or the package ziglang')


def compile_all(commands: list[list[str]]) -> None:
    for command in commands:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr[-4000:]


def emulator(name: str) -> str:
    """The program that emulates a processor."""
    return shutil.which(name) or shutil.which(f'{name}-static') or pytest.skip(f'needs {name}')


def compile_program(compiler: list[str], folder: Path) -> str:
    """Builds the program with the flags of the package's own build."""
    torch_folder, _, _ = build._torch_folder()
    commands = build._cpu_commands('compiler', torch_folder, folder)
    kernels = [command for command in commands if not command[-3].endswith('ms_deform_attn_cpu.cpp')]
    compile_all([[*compiler, *command[1:]] for command in kernels])
    target, source = folder / 'program', Path(__file__).with_name('kernel_program.cpp')
    objects = [command[-1] for command in kernels]
    compile_all([[*compiler, '-std=c++20', f'-I{SOURCES}', str(source), *objects, '-o', str(target)]])
    return str(target)


@pytest.fixture(scope='module')
def native(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program for this machine."""
    compiler = shutil.which('c++') or pytest.skip('needs a C++ compiler')
    return compile_program([compiler], tmp_path_factory.mktemp('native'))


@pytest.fixture(scope='module')
def arm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program for 64-bit Arm."""
    compiler = arm_compiler(static=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build.platform, 'machine', lambda: 'aarch64')
        return compile_program(compiler, tmp_path_factory.mktemp('arm'))


@pytest.fixture(scope='module', params=['plainest', 'widest', 'x86 without AVX', 'Arm'])
def program(request: pytest.FixtureRequest) -> list[str]:
    """The command that runs the kernels on tensors from standard input."""
    if request.param == 'Arm':
        return [emulator('qemu-aarch64'), request.getfixturevalue('arm'), 'plainest']
    if request.param == 'x86 without AVX':
        if build.platform.machine() != 'x86_64':
            pytest.skip('needs an x86 compiler')
        # The widest that this processor has: neither file of wide instructions may run, not even to say no.
        return [emulator('qemu-x86_64'), '-cpu', 'Nehalem', request.getfixturevalue('native'), 'widest']
    return [request.getfixturevalue('native'), request.param]


def run_program(program: list[str], case: tuple[torch.Tensor, ...], grad: torch.Tensor) -> list[torch.Tensor]:
    """Output and gradients, as the program computes them."""
    value, _, _, locations, weights = case
    sizes = (*value.shape, locations.shape[1], *locations.shape[3:5])
    head = torch.tensor([TYPES.index(value.dtype), *sizes], dtype=torch.int64)
    tensors = (head, case[1], case[2], value, locations, weights, grad)
    sent = b''.join(tensor.contiguous().view(torch.uint8).numpy().tobytes() for tensor in tensors)
    result = subprocess.run(program, input=sent, capture_output=True, check=True, timeout=120)
    received = bytearray(result.stdout)
    found = []
    for like in (grad, value, locations, weights):
        size = like.numel() * like.element_size()
        found.append(torch.frombuffer(received[:size], dtype=like.dtype).view(like.shape))
        del received[:size]
    assert not received
    return found


@pytest.mark.slow
@pytest.mark.parametrize('dtype', TYPES)
@pytest.mark.parametrize('dim', [3, 32, 71])
def test_kernels_give_the_right_numbers(program: list[str], arguments: Callable, dim: int, dtype: torch.dtype):
    case = arguments(dim=dim, dtype=dtype, queries=19)
    case[3][0, 0, 0, 0, 0, 0] = float('nan')
    grad = torch.randn(2, 19, 2 * dim, generator=torch.Generator().manual_seed(3)).to(dtype)
    value, shapes, _, locations, weights = (t.double() if t.is_floating_point() else t for t in case)
    expected = (
        ms_deform_attn_reference(value, shapes, locations, weights),
        *ms_deform_attn_backward_reference(grad.double(), value, shapes, locations, weights),
    )
    for got, wanted in zip(run_program(program, case, grad), expected):
        assert (got.double() - wanted).abs().max() <= TOLERANCE[dtype] * wanted.abs().max()


@pytest.mark.slow
def test_all_sources_compile_for_arm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """With PyTorch's headers and the flags of a build on such a machine."""
    cross = arm_compiler(static=False)
    monkeypatch.setattr(build.platform, 'machine', lambda: 'aarch64')
    folder, _, _ = build._torch_folder()
    commands = build._cpu_commands('compiler', folder, tmp_path)
    assert not any('avx' in word for command in commands for word in command[:-3])
    compile_all([[*cross, *command[1:]] for command in commands])
    for source in SOURCES.glob('*.cpp'):
        header = (tmp_path / f'{source.stem}.o').read_bytes()[:20]
        # An ELF object for machine 183, AArch64.
        assert header[:4] == b'\x7fELF' and int.from_bytes(header[18:20], 'little') == 183


@pytest.mark.slow
def test_nothing_of_a_wide_instruction_set_runs_unasked(native: str):
    """What a file of wide instructions shows to others is data: a function would be compiled to them, too."""
    names = shutil.which('nm')
    if names is None or build.platform.machine() != 'x86_64':
        pytest.skip('needs nm, on x86')
    for wide in ('avx2', 'avx512'):
        compiled = Path(native).with_name(f'kernels_{wide}.o')
        listed = subprocess.run([names, '-C', str(compiled)], capture_output=True, text=True, check=True).stdout
        assert f' R difftracker::cpu::{wide}_kernels\n' in listed or f' D difftracker::cpu::{wide}_kernels\n' in listed
        assert ' T ' not in listed
        # What is shared with other files may come from either, so it must be of this instruction set by name.
        shared = [line for line in listed.splitlines() if ' W ' in line]
        assert shared and all(f'difftracker::cpu::{wide}::' in line for line in shared)
        assert 'guard variable' not in listed and '_GLOBAL__sub_I' not in listed
