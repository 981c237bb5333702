"""Building the kernels: what each mode does when a compiler is there, is missing, or fails."""

from __future__ import annotations

import builtins
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from difftracker.ops import backend, build

SOURCES = Path(build.__file__).parent / 'csrc'


@pytest.fixture
def no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without compilers."""
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.delenv('CXX', raising=False)


@pytest.fixture
def failing_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A compiler that says why it fails."""
    script = tmp_path / 'compiler'
    script.write_text('#!/bin/sh\necho "no such flag" >&2\nexit 3\n')
    script.chmod(0o755)
    monkeypatch.setenv('CXX', str(script))


@pytest.mark.parametrize('mode', ['yes', '2', 'gpu'])
def test_unknown_mode(monkeypatch, mode):
    monkeypatch.setenv('DIFFTRACKER_BUILD_OPS', mode)
    with pytest.raises(build.BuildError, match='expected one of auto, 0, 1, cuda'):
        build.build_mode()


def test_mode_zero_builds_nothing_and_says_so(tmp_path):
    record = build.build(tmp_path, '0')
    assert not record.built
    assert json.loads((tmp_path / build.RECORD_NAME).read_text())['reason'] == 'DIFFTRACKER_BUILD_OPS=0'


def test_auto_survives_without_a_compiler_and_tells_why(no_compiler, tmp_path):
    record = build.build(tmp_path, 'auto')
    assert not record.built
    assert 'no C++ compiler found' in json.loads((tmp_path / build.RECORD_NAME).read_text())['reason']


def test_auto_keeps_the_words_of_the_compiler_and_removes_an_old_library(failing_compiler, tmp_path):
    (tmp_path / build.LIBRARY_NAME).write_text('old')
    record = build.build(tmp_path, 'auto')
    assert not record.built
    assert 'no such flag' in record.reason
    assert not (tmp_path / build.LIBRARY_NAME).exists()


def test_auto_survives_a_broken_pytorch(monkeypatch, tmp_path):
    def broken(name, *rest):
        if name == 'torch':
            raise OSError('libcudart.so.13: cannot open shared object file')
        return real(name, *rest)

    real = builtins.__import__
    monkeypatch.setattr(builtins, '__import__', broken)
    assert 'libcudart.so.13' in build.build(tmp_path, 'auto').reason


@pytest.mark.parametrize('mode', ['1', 'cuda'])
def test_asked_for_builds_fail_loudly(no_compiler, tmp_path, mode):
    with pytest.raises(build.BuildError, match='no C\\+\\+ compiler found'):
        build.build(tmp_path, mode)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ('mode', 'works', 'words'),
    [
        ('auto', True, 'no C++ compiler found'),
        ('1', False, 'no C++ compiler found'),
        ('gpu', False, 'expected one of auto, 0, 1, cuda'),
    ],
)
def test_an_installation_without_a_compiler(no_compiler, monkeypatch, tmp_path, mode, works, words):
    """What pip runs: it must end as the mode says, and keep the reason where it goes on."""
    monkeypatch.setenv('DIFFTRACKER_BUILD_OPS', mode)
    folders = ['--build-lib', str(tmp_path / 'lib'), '--build-temp', str(tmp_path / 'temp')]
    command = [sys.executable, 'setup.py', '-q', 'build_ext', *folders]
    result = subprocess.run(command, cwd=SOURCES.parents[2], capture_output=True, text=True, check=False)
    assert (result.returncode == 0) == works
    record = tmp_path / 'lib' / 'difftracker' / 'ops' / build.RECORD_NAME
    assert words in (json.loads(record.read_text())['reason'] if works else result.stderr)


def test_a_failed_build_leaves_the_old_library(failing_compiler, tmp_path):
    (tmp_path / build.LIBRARY_NAME).write_text('old')
    with pytest.raises(build.BuildError, match='no such flag'):
        build.build(tmp_path, '1')
    assert (tmp_path / build.LIBRARY_NAME).read_text() == 'old'


def test_cuda_without_nvcc(monkeypatch, tmp_path):
    monkeypatch.setattr(build, '_find_compiler', lambda: 'c++')
    monkeypatch.setenv('CUDA_HOME', str(tmp_path))
    with pytest.raises(build.BuildError, match=f'nvcc not found in {tmp_path}'):
        build.build(tmp_path, 'cuda')


def test_a_compiler_that_was_named_is_not_exchanged_for_another(monkeypatch):
    monkeypatch.setenv('CXX', 'no-such-compiler -O1')
    with pytest.raises(build.BuildError, match="CXX: .* got 'no-such-compiler -O1'"):
        build._find_compiler()


@pytest.mark.parametrize('listed', ['', '8.0;', 'sm_90', '9.0+SASS', '8.0,9.0'])
def test_unknown_architecture(monkeypatch, listed):
    monkeypatch.setenv('DIFFTRACKER_CUDA_ARCHITECTURES', listed)
    with pytest.raises(build.BuildError, match='expected entries such as'):
        build._architectures()


def test_command_line_reports_failure(no_compiler, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, 'argv', ['build', '--mode', '1', '--target', str(tmp_path)])
    assert build.main() == 1
    assert 'no C++ compiler found' in capsys.readouterr().err


def test_architecture_list_becomes_binary_and_ptx_code():
    assert build._architecture_flags(['8.0', '9.0+PTX']) == [
        '-gencode=arch=compute_80,code=sm_80',
        '-gencode=arch=compute_90,code=sm_90',
        '-gencode=arch=compute_90,code=compute_90',
    ]


def test_names_agree_with_the_loader():
    assert (backend.LIBRARY_NAME, backend.RECORD_NAME) == (build.LIBRARY_NAME, build.RECORD_NAME)


def test_an_unfit_library_is_explained_not_fatal(monkeypatch, tmp_path):
    (tmp_path / backend.LIBRARY_NAME).write_bytes(b'not a library')
    monkeypatch.setattr(backend, '_FOLDER', tmp_path)
    monkeypatch.setattr(backend, '_not_loaded', '')
    monkeypatch.delenv('DIFFTRACKER_OPS', raising=False)
    backend.load_library()
    assert 'does not load with PyTorch' in backend._not_loaded


def test_library_keeps_its_way_to_the_cuda_half_of_pytorch():
    """The CUDA source calls it by weak symbols alone, for which a linker keeps no library unless it is told to."""
    readelf, library = shutil.which('readelf'), Path(backend.__file__).with_name(backend.LIBRARY_NAME)
    if readelf is None or not library.exists():
        pytest.skip('needs readelf and a library that was built')
    lines = subprocess.run([readelf, '-d', str(library)], capture_output=True, text=True, check=True).stdout
    assert 'libtorch.so' in lines


@pytest.mark.slow
def test_generic_kernels_compile_for_the_plainest_processor(tmp_path):
    """What an Arm or old x86 machine compiles: no flags for an instruction set, and the wide files come out empty."""
    compiler = shutil.which('c++')
    if compiler is None:
        pytest.skip('needs a C++ compiler')
    for name in ('kernels_avx2.cpp', 'kernels_avx512.cpp', 'kernels_generic.cpp'):
        flags = ['-std=c++20', '-O0', '-Wall', '-Wextra', '-Werror', '-c', '-o', str(tmp_path / 'kernels.o')]
        result = subprocess.run([compiler, *flags, str(SOURCES / 'cpu' / name)], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr


@pytest.mark.slow
def test_cuda_source_compiles_without_a_gpu(tmp_path):
    """The whole CUDA file, for one architecture and without optimisation."""
    try:
        nvcc = build._find_nvcc()
    except build.BuildError as error:
        pytest.skip(str(error))
    folder, _, _ = build._torch_folder()
    (command,) = build._cuda_commands(nvcc, build._find_compiler(), folder, tmp_path, ['9.0'])
    assert '-O3' in command
    build._run([part.replace('-O3', '-O0') for part in command])
    assert (tmp_path / 'ms_deform_attn_cuda_cuda.o').stat().st_size > 0
