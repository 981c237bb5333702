"""Builds the compiled kernels: `python -m difftracker.ops.build`, or the hooks that setup.py calls.

The library is written against PyTorch's stable ABI and does not touch Python, so one file serves several versions of
both. `DIFFTRACKER_BUILD_OPS` says what to do: `auto` (default; builds what it can, never breaks an installation and
records why it built nothing), `0` (nothing), `1` (CPU kernels, or fail) and `cuda` (CPU and CUDA kernels, or fail;
needs nvcc but neither a GPU nor a CUDA build of PyTorch). setup.py loads this file by its path, before PyTorch or the
package can be imported, so only the standard library may be imported at its top.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

MODES = ('auto', '0', '1', 'cuda')
LIBRARY_NAME = '_library.so'
RECORD_NAME = '_build.json'
SOURCES = Path(__file__).resolve().parent / 'csrc'
# The oldest PyTorch whose stable ABI has all that the sources call; the library then loads on later ones too.
OLDEST_TORCH = (2, 10)
# Code for 8.0 also runs on 8.6 and 8.9; the PTX of the last one serves later cards.
DEFAULT_CUDA_ARCHITECTURES = '7.5;8.0;9.0+PTX'
# What no value can hinder: errno and traps are not read, sums keep their order and NaN its meaning (no -ffast-math).
CPU_FLAGS = ['-std=c++20', '-O3', '-g0', '-fPIC', '-fvisibility=hidden', '-fno-math-errno', '-fno-trapping-math']
AVX2_FLAGS = ['-mavx2', '-mfma', '-mf16c']
AVX512_FLAGS = [*AVX2_FLAGS, '-mavx512f', '-mavx512bw', '-mavx512dq', '-mavx512vl', '-mprefer-vector-width=512']


class BuildError(Exception):
    """A build that was asked for cannot be done; the message says what is missing or what the compiler said."""


@dataclass
class BuildRecord:
    """What the last build did; kept beside the library for `backend_info()`.

    Args:
        built: Whether a library was written.
        reason: Why nothing, or not everything, was built; empty where nothing is missing.
        torch: Version of the PyTorch whose headers were used.
        cuda_architectures: List of CUDA architectures, empty without CUDA kernels.
    """

    built: bool = False
    reason: str = ''
    torch: str = ''
    cuda_architectures: list[str] = field(default_factory=list)


def build_mode() -> str:
    """Reads `DIFFTRACKER_BUILD_OPS`.

    Raises:
        BuildError: It holds none of the known words.
    """
    mode = os.environ.get('DIFFTRACKER_BUILD_OPS', 'auto').lower()
    if mode not in MODES:
        raise BuildError(f'DIFFTRACKER_BUILD_OPS: expected one of {", ".join(MODES)}, got {mode!r}')
    return mode


def _torch_folder() -> tuple[Path, str, bool]:
    """PyTorch's folder, its version and whether it is a CUDA build."""
    try:
        import torch
    # A library of PyTorch that does not load is an OSError.
    except (ImportError, OSError) as error:
        raise BuildError(f'PyTorch cannot be imported while building ({error}); try --no-build-isolation') from error
    version = tuple(int(part) for part in torch.__version__.split('+')[0].split('.')[:2])
    if version < OLDEST_TORCH:
        raise BuildError(f'PyTorch {OLDEST_TORCH[0]}.{OLDEST_TORCH[1]} or later is needed, found {torch.__version__}')
    return Path(torch.__file__).parent, torch.__version__, torch.version.cuda is not None


def _find_compiler() -> str:
    if sys.platform == 'win32':
        raise BuildError('the kernels need GCC or Clang; Windows is not supported')
    chosen = os.environ.get('CXX')
    for name in [chosen] if chosen else ['c++', 'g++', 'clang++']:
        if shutil.which(name):
            return name
    if chosen:
        raise BuildError(f'CXX: expected the name of a C++ compiler, without arguments, got {chosen!r}')
    raise BuildError('no C++ compiler found (looked for c++, g++, clang++; $CXX names another)')


def _find_nvcc() -> str:
    home = os.environ.get('CUDA_HOME') or os.environ.get('CUDA_PATH')
    # Where a toolkit is named, not another one that happens to be on the path.
    folders = [os.path.join(home, 'bin')] if home else [os.environ.get('PATH', os.defpath), '/usr/local/cuda/bin']
    found = shutil.which('nvcc', path=os.pathsep.join(folders))
    if found is None:
        raise BuildError(f'nvcc not found in {" or ".join(folders)}; $CUDA_HOME names the folder of a CUDA toolkit')
    return found


def _architectures() -> list[str]:
    architectures = os.environ.get('DIFFTRACKER_CUDA_ARCHITECTURES', DEFAULT_CUDA_ARCHITECTURES).split(';')
    for entry in architectures:
        if not re.fullmatch(r'\d+\.\d[af]?(\+PTX)?', entry):
            raise BuildError(
                'DIFFTRACKER_CUDA_ARCHITECTURES: expected entries such as 8.0 or 9.0+PTX, separated by semicolons, '
                f'got {entry!r}'
            )
    return architectures


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BuildError(f'{" ".join(command)}\nended with {result.returncode}:\n{result.stderr[-4000:]}')


def _architecture_flags(architectures: list[str]) -> list[str]:
    flags = []
    for entry in architectures:
        number = entry.removesuffix('+PTX').replace('.', '')
        flags.append(f'-gencode=arch=compute_{number},code=sm_{number}')
        if entry.endswith('+PTX'):
            flags.append(f'-gencode=arch=compute_{number},code=compute_{number}')
    return flags


def _cpu_commands(compiler: str, folder: Path, objects: Path) -> list[list[str]]:
    on_x86 = platform.machine().lower() in ('x86_64', 'amd64')
    extra = {'kernels_avx2.cpp': AVX2_FLAGS, 'kernels_avx512.cpp': AVX512_FLAGS} if on_x86 else {}
    commands = []
    for source in sorted((SOURCES / 'cpu').glob('*.cpp')):
        flags = [*CPU_FLAGS, *extra.get(source.name, []), *_torch_flags(folder)]
        commands.append([compiler, *flags, '-c', str(source), '-o', str(objects / f'{source.stem}.o')])
    return commands


def _torch_flags(folder: Path) -> list[str]:
    target = (OLDEST_TORCH[0] << 56) | (OLDEST_TORCH[1] << 48)
    return [f'-DTORCH_TARGET_VERSION=0x{target:016x}', f'-I{folder / "include"}']


def _cuda_commands(nvcc: str, compiler: str, folder: Path, objects: Path, architectures: list[str]) -> list[list[str]]:
    flags = [f'-ccbin={compiler}', '-Xcompiler=-fPIC,-fvisibility=hidden']
    flags += ['-std=c++20', '-O3', '-DUSE_CUDA', '--expt-relaxed-constexpr']
    flags += [*_architecture_flags(architectures), '--threads=2', *_torch_flags(folder)]
    return [
        [nvcc, *flags, '-c', str(source), '-o', str(objects / f'{source.stem}_cuda.o')]
        for source in sorted((SOURCES / 'cuda').glob('*.cu'))
    ]


def _link_command(compiler: str, folder: Path, objects: Path, nvcc: str | None, library: Path) -> list[str]:
    # nvcc knows where its runtime lies; linked in statically, so that the library also loads where there is no CUDA.
    command = [compiler] if nvcc is None else [nvcc, f'-ccbin={compiler}', '-cudart=static']
    command += ['-shared', *sorted(str(path) for path in objects.glob('*.o')), '-o', str(library)]
    libraries = [f'-L{folder / "lib"}', '-ltorch_cpu', '-ltorch']
    if sys.platform == 'darwin':
        return [*command, *libraries]
    # The CUDA source calls functions of libtorch_cuda through weak symbols, which keep no library: a linker that drops
    # what seems unneeded would cut the only way to them, from libtorch to libtorch_cuda, and the calls would end at 0.
    prefix = '-Wl,' if nvcc is None else '-Xlinker='
    return [*command, f'{prefix}--no-as-needed', *libraries, f'{prefix}-s']


def _compile(target: Path, wants_cuda: bool, jobs: int) -> BuildRecord:
    """Compiles and links into `target`, in one go: an older library stays whole until the new one replaces it."""
    compiler = _find_compiler()
    folder, torch_version, _ = _torch_folder()
    nvcc = _find_nvcc() if wants_cuda else None
    architectures = _architectures() if wants_cuda else []
    with tempfile.TemporaryDirectory() as temporary:
        objects = Path(temporary)
        commands = _cpu_commands(compiler, folder, objects)
        if nvcc is not None:
            commands += _cuda_commands(nvcc, compiler, folder, objects, architectures)
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(_run, commands))
        target.mkdir(parents=True, exist_ok=True)
        fresh = target / f'{LIBRARY_NAME}.{os.getpid()}.tmp'
        try:
            _run(_link_command(compiler, folder, objects, nvcc, fresh))
            os.replace(fresh, target / LIBRARY_NAME)
        finally:
            fresh.unlink(missing_ok=True)
    return BuildRecord(built=True, torch=torch_version, cuda_architectures=architectures)


def _build_auto(target: Path, jobs: int) -> BuildRecord:
    """Builds CUDA kernels where PyTorch has CUDA, else CPU kernels, else nothing, and notes what stood in the way."""
    reasons = []
    try:
        wants_cuda = _torch_folder()[2]
        if not wants_cuda:
            reasons.append('no CUDA kernels: this PyTorch was built without CUDA')
    except BuildError as error:
        return BuildRecord(reason=str(error))
    for cuda in (True, False) if wants_cuda else (False,):
        try:
            record = _compile(target, cuda, jobs)
        except (BuildError, OSError) as error:
            reasons.append(f'{"CUDA" if cuda else "CPU"} build failed: {error}')
        else:
            record.reason = '; '.join(reasons)
            return record
    return BuildRecord(reason='; '.join(reasons))


def build(target: Path, mode: str, jobs: int = 2) -> BuildRecord:
    """Builds the library and records the outcome.

    Args:
        target: Folder that receives `_library.so` and `_build.json`.
        mode: One of `MODES`.
        jobs: Compilers that run at the same time.

    Returns:
        What was done; it is also written to `_build.json`.

    Raises:
        BuildError: Mode `1` or `cuda` and something is missing or does not compile.
    """
    if mode == '0':
        record = BuildRecord(reason='DIFFTRACKER_BUILD_OPS=0')
    elif mode == 'auto':
        record = _build_auto(target, jobs)
    else:
        record = _compile(target, mode == 'cuda', jobs)
        record.reason = '' if mode == 'cuda' else 'no CUDA kernels: DIFFTRACKER_BUILD_OPS=1 builds those of the CPU'
    target.mkdir(parents=True, exist_ok=True)
    if not record.built:
        (target / LIBRARY_NAME).unlink(missing_ok=True)
    fresh = target / f'{RECORD_NAME}.{os.getpid()}.tmp'
    fresh.write_text(json.dumps(record.__dict__, indent=2) + '\n')
    os.replace(fresh, target / RECORD_NAME)
    return record


def extensions() -> tuple[list, dict]:
    """What setup.py passes to `setuptools.setup` as `ext_modules` and `cmdclass`.

    Raises:
        BuildError: `DIFFTRACKER_BUILD_OPS` holds no known word.
    """
    mode = build_mode()
    if mode == '0':
        return [], {}
    from setuptools import Extension
    from setuptools.command.bdist_wheel import bdist_wheel
    from setuptools.command.build_ext import build_ext

    class BuildOps(build_ext):
        """Compiles the kernels beside the package's modules."""

        def build_extension(self, ext) -> None:
            record = build(self._folder(), mode, self.parallel or 2)
            self.announce(f'difftracker.ops: built={record.built} {record.reason}', level=3)

        def get_outputs(self) -> list[str]:
            folder = self._folder()
            return [str(path) for path in (folder / LIBRARY_NAME, folder / RECORD_NAME) if path.exists()]

        def copy_extensions_to_source(self) -> None:
            """Serves `--inplace` and editable installations."""
            source = Path(self.get_finalized_command('build_py').get_package_dir('difftracker.ops'))
            (source / LIBRARY_NAME).unlink(missing_ok=True)
            for path in self.get_outputs():
                shutil.copy2(path, source)

        def _folder(self) -> Path:
            return Path(self.build_lib, 'difftracker', 'ops')

    class OpsWheel(bdist_wheel):
        """Tags the wheel for any Python 3: the library needs the platform, not the interpreter."""

        def get_tag(self) -> tuple[str, str, str]:
            return 'py3', 'none', super().get_tag()[2]

    return [Extension('difftracker.ops._library', sources=[])], {'build_ext': BuildOps, 'bdist_wheel': OpsWheel}


def main() -> int:
    """Command line: builds in place and says what came of it."""
    parser = argparse.ArgumentParser(description='Build the compiled kernels of difftracker.ops in place.')
    parser.add_argument('--mode', choices=MODES, help='default: $DIFFTRACKER_BUILD_OPS, or 1')
    parser.add_argument('--jobs', type=int, default=2, help='compilers that run at the same time')
    parser.add_argument('--target', type=Path, default=Path(__file__).resolve().parent, help='folder of the library')
    arguments = parser.parse_args()
    try:
        mode = arguments.mode or (build_mode() if 'DIFFTRACKER_BUILD_OPS' in os.environ else '1')
        record = build(arguments.target, mode, arguments.jobs)
    except BuildError as error:
        sys.stderr.write(f'error: {error}\n')
        return 1
    kinds = 'nothing' if not record.built else 'CPU and CUDA' if record.cuda_architectures else 'CPU'
    why = f' ({record.reason})' if record.reason else ''
    sys.stdout.write(f'built: {kinds} kernels in {arguments.target}{why}\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
