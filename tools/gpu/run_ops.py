"""Builds, tests and measures the operator on a machine with an NVIDIA GPU, and writes one report.

    python tools/gpu/run_ops.py --report outputs/gpu_ops/report.md
    python tools/gpu/run_ops.py --minutes 9.5 --carried CARRIED --report outputs/gpu_ops/report.md

Nothing is fetched and nobody is asked. Every step runs even where an earlier one failed; the report holds each step's
outcome and its last lines, and all measurements; the exit status says whether all went well. `--minutes` bounds the
whole run: steps share what is left, and what does not fit is stopped and said to be.

Needs nvcc, a CUDA build of PyTorch, pytest and matplotlib; compute-sanitizer and mmcv are used where they are found.
CARRIED is a folder for machines without a network: its wheels are installed for this run only, packages that lie in it
as folders (msda_triton) can be imported, and a wheel of transformers 4.48 in it, which is not installed, gives the
sources of the original kernel to compare with.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
KEPT_LINES = 80


@dataclass(frozen=True)
class Step:
    """One command of the report.

    Args:
        part: The word that chooses it on the command line.
        title: Heading in the report.
        command: What runs, in the folder of the checkout.
        environment: Variables added to the environment.
        result: Markdown file that it writes, kept whole in the report.
    """

    part: str
    title: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    result: Path | None = None


@dataclass(frozen=True)
class Outcome:
    """How a step ended.

    Args:
        step: The step.
        status: Exit status of its command, None where it was not run.
        seconds: Wall time.
        output: What it printed, or why it was not run.
    """

    step: Step
    status: int | None
    seconds: float
    output: str


# In their order, with the share of the time left that each may take.
PARTS = {'machine': 0.1, 'build': 0.4, 'check': 0.2, 'tests': 0.45, 'speed': 0.65, 'sanitizer': 1.0}
# Parts whose steps run at the same time, where there are cores for it; never the one that measures.
SIDE_BY_SIDE = ('build', 'tests', 'sanitizer')
STOPPED = 124
# Without this, tests that find no kernels would be skipped, and a run of nothing would pass.
CHECK_BACKEND = """
import matplotlib, pytest, torch
from difftracker.ops import backend_info
print(torch.__version__, torch.version.cuda, torch.cuda.get_device_name(), backend_info())
assert all(info['tier'] == 'compiled' for info in backend_info().values()), 'not compiled for CPU and CUDA'
"""
# PyTorch's caching allocator would hide reads beyond a tensor from the sanitizer.
SANITIZER_VARIABLES = {'PYTORCH_NO_CUDA_MEMORY_CACHING': '1'}
SANITIZERS = ('memcheck', 'racecheck', 'initcheck', 'synccheck')
# The tests that the sanitizer watches: every edge of the definition, and each way through the kernels.
EDGES = 'values_and_gradients and (32 or 30) or place or empty or aligned or contiguous or tables'


def speed_command(out_dir: Path, quick: bool, minutes: float, original: Path | None) -> list[str]:
    """The words of the benchmark, with a time per shape set that lets all of them fit."""
    sets_and_types = 12 * 3
    budget = min(15.0, 0.4 * minutes * 60 / sets_and_types)
    command = [sys.executable, 'tools/benchmark_ops.py', '--device', 'cuda', '--out-dir', str(out_dir)]
    command += ['--budget', f'{budget:.1f}', '--dtypes', 'float32', 'float16', 'bfloat16']
    command += ['--sets', 'square-8500', '--repeats', '5'] if quick else ['--scaling', '--memory']
    return command if original is None else [*command, '--original', str(original)]


def plan(
    out_dir: Path, parts: Sequence[str], quick: bool = False, minutes: float = 60, original: Path | None = None
) -> list[Step]:
    """The steps in order.

    Args:
        out_dir: Folder of the measurements.
        parts: Which of `PARTS` are wanted.
        quick: Measure one shape set only.
        minutes: Time of the whole run.
        original: Where the sources of the original kernel are, if anywhere.
    """
    python = sys.executable
    tests = [python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'tests/test_ops']
    sanitizer = ['compute-sanitizer', '--target-processes', 'all', '--error-exitcode', '9', '--tool']
    steps = [
        Step('machine', 'Machine', ['nvidia-smi']),
        Step('machine', 'Compiler', ['nvcc', '--version']),
        Step('build', 'Build', [python, '-m', 'difftracker.ops.build', '--mode', 'cuda', '--jobs', '4']),
        Step('check', 'Back ends', [python, '-c', CHECK_BACKEND]),
        Step('tests', 'Tests on the GPU', [*tests, '-m', 'gpu']),
        Step('tests', 'Tests on the CPU', [*tests, '-m', 'not gpu']),
        Step('speed', 'Speed', speed_command(out_dir, quick, minutes, original), result=out_dir / 'table.md'),
        *(
            Step('sanitizer', f'compute-sanitizer {tool}', [*sanitizer, tool, *tests, '-m', 'gpu', '-k', EDGES],
                 SANITIZER_VARIABLES)
            for tool in SANITIZERS
        ),
    ]  # fmt: skip
    if original is not None:
        steps.insert(3, Step('build', 'Original kernel', [python, 'tools/original_kernel.py', str(original)]))
    return [step for step in steps if step.part in parts]


def run(step: Step, limit_seconds: float, path: Sequence[str] = ()) -> Outcome:
    """Runs a step and keeps what it printed; a missing program or a limit passed is an outcome, not an end.

    Args:
        step: The step.
        limit_seconds: Time after which it is stopped, with all that it started.
        path: Folders to import from beside the checkout and the caller's PYTHONPATH.
    """
    if shutil.which(step.command[0]) is None:
        return Outcome(step, None, 0.0, f'{step.command[0]} is not installed')
    if limit_seconds <= 0:
        return Outcome(step, STOPPED, 0.0, 'no time was left for it')
    if step.result is not None:
        step.result.unlink(missing_ok=True)  # That of an earlier run is not this one's.
    found = os.pathsep.join(filter(None, [str(ROOT), *path, os.environ.get('PYTHONPATH')]))
    environment = {**os.environ, 'PYTHONPATH': found, **step.environment}
    begin = time.monotonic()
    process = subprocess.Popen(
        step.command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors='replace', start_new_session=True,
    )  # fmt: skip
    try:
        output, _ = process.communicate(timeout=limit_seconds)
        status = process.returncode
    except subprocess.TimeoutExpired:
        # The whole group: what a sanitizer or a compiler started would else go on, and hold the output open.
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        status, output = STOPPED, f'{output}\nstopped after {limit_seconds:.0f} s'
    return Outcome(step, status, time.monotonic() - begin, output)


def verdict(outcome: Outcome) -> str:
    """How a step ended, in words."""
    return {None: 'not run', 0: 'passed'}.get(outcome.status, f'FAILED with status {outcome.status}')


def section(outcome: Outcome) -> str:
    """A step as a part of the report: what it measured, else its last lines."""
    heading = f'## {outcome.step.title}: {verdict(outcome)} ({outcome.seconds:.0f} s)\n'
    lines = outcome.output.rstrip().splitlines()[-KEPT_LINES:]
    body = '\n'.join(lines)
    text = f'{heading}\n```\n{body}\n```\n'
    if outcome.step.result is not None and outcome.step.result.exists():
        text += f'\n{outcome.step.result.read_text()}'
    return text


def report_text(outcomes: Sequence[Outcome], seconds: float) -> str:
    """The whole report: a line per step, then what each of them said."""
    lines = [
        f'# Deformable attention on {platform.node()}',
        '',
        f'Python {platform.python_version()}, {seconds:.0f} s',
        '',
    ]
    lines += [f'- {outcome.step.title}: {verdict(outcome)}' for outcome in outcomes]
    return '\n'.join([*lines, '', *(section(outcome) for outcome in outcomes)])


def install(carried: Path, target: Path) -> Step:
    """The step that unpacks the wheels of a folder for this run, without a network."""
    wheels = [str(wheel) for wheel in sorted(carried.glob('*.whl')) if not wheel.name.startswith('transformers-')]
    pip = [sys.executable, '-m', 'pip', 'install', '--quiet', '--no-index', '--no-deps', '--no-compile', '--target']
    return Step('machine', 'Packages carried along', [*pip, str(target), *wheels] if wheels else ['true'])


def find_original(carried: Path) -> Path | None:
    """The wheel with the original kernel's sources."""
    return next(iter(sorted(carried.glob('transformers-*.whl'))), None)


def main() -> int:
    """Command line, see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--report', type=Path, default=Path('outputs/gpu_ops/report.md'))
    parser.add_argument('--parts', nargs='+', choices=PARTS, default=list(PARTS), help='default: all')
    parser.add_argument('--quick', action='store_true', help='one shape set only')
    parser.add_argument('--minutes', type=float, default=60, help='time of the whole run')
    parser.add_argument('--carried', type=Path, help='folder of wheels and packages brought along')
    arguments = parser.parse_args()
    begin = time.monotonic()
    report = arguments.report.resolve()
    report.parent.mkdir(parents=True, exist_ok=True)
    carried = arguments.carried.resolve() if arguments.carried else None
    original = find_original(carried) if carried else None
    steps = plan(report.parent, arguments.parts, arguments.quick, arguments.minutes, original)
    outcomes: list[Outcome] = []
    with TemporaryDirectory() as site:
        if carried:
            steps.insert(0, install(carried, Path(site)))
        path = [site, str(carried)] if carried else []
        for part, share in PARTS.items():
            chosen = [step for step in steps if step.part == part]
            if not chosen:
                continue
            print(', '.join(step.title for step in chosen), '...', flush=True)
            now = time.monotonic()
            end = now + share * (begin + 60 * arguments.minutes - now)
            jobs = max(1, (os.cpu_count() or 1) // 3) if part in SIDE_BY_SIDE else 1
            with ThreadPoolExecutor(jobs) as pool:
                outcomes += pool.map(lambda step, end=end: run(step, end - time.monotonic(), path), chosen)
            # Written after each part, so that a machine that goes away leaves what was found.
            report.write_text(report_text(outcomes, time.monotonic() - begin))
    print(f'report: {report}')
    return int(any(outcome.status != 0 for outcome in outcomes if outcome.status is not None))


if __name__ == '__main__':
    sys.exit(main())
