"""Builds, tests and measures the operator on a machine with an NVIDIA GPU, and writes one report.

    python tools/gpu/run_ops.py --report outputs/gpu_ops/report.md
    python tools/gpu/run_ops.py --parts machine build tests --report outputs/gpu_tests/report.md

Every step runs even where an earlier one failed; the report holds each step's outcome and its last lines, and the exit
status says whether all went well. Needs nvcc, a CUDA build of PyTorch, pytest and matplotlib; compute-sanitizer and
mmcv are used where they are found. To compare with the original kernel, put the built `models/ops` of Deformable-DETR
on PYTHONPATH, and msda-triton for the Triton one.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """

    part: str
    title: str
    command: list[str]
    environment: dict[str, str]


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


PARTS = ('machine', 'build', 'tests', 'sanitizer', 'speed')
# Without this, tests that find no kernels would be skipped, and a run of nothing would pass.
CHECK_BACKEND = """
import torch
from difftracker.ops import backend_info
print(torch.__version__, torch.version.cuda, torch.cuda.get_device_name(), backend_info())
assert all(info['tier'] == 'compiled' for info in backend_info().values()), 'not compiled for CPU and CUDA'
"""
# PyTorch's caching allocator would hide reads beyond a tensor from the sanitizer.
SANITIZER_VARIABLES = {'PYTORCH_NO_CUDA_MEMORY_CACHING': '1'}


def plan(out_dir: Path, parts: Sequence[str], quick: bool) -> list[Step]:
    """The steps in order.

    Args:
        out_dir: Folder of the measurements.
        parts: Which of `PARTS` are wanted.
        quick: Measure one shape set only.
    """
    python = sys.executable
    tests = [python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'tests/test_ops']
    speed = [python, 'tools/benchmark_ops.py', '--device', 'cuda', '--out-dir', str(out_dir), '--budget', '15']
    speed += ['--dtypes', 'float32', 'float16', 'bfloat16']
    speed += ['--sets', 'square-8500', '--repeats', '5'] if quick else ['--scaling', '--memory']
    sanitizer = ['compute-sanitizer', '--target-processes', 'all', '--error-exitcode', '9', '--tool']
    edges = 'values_and_gradients and (32 or 30) or place or empty or aligned or contiguous or tables'
    tools = ('memcheck', 'racecheck', 'initcheck', 'synccheck')
    steps = [
        Step('machine', 'Machine', ['nvidia-smi'], {}),
        Step('machine', 'Compiler', ['nvcc', '--version'], {}),
        Step('build', 'Build', [python, '-m', 'difftracker.ops.build', '--mode', 'cuda', '--jobs', '4'], {}),
        Step('build', 'Back ends', [python, '-c', CHECK_BACKEND], {}),
        Step('tests', 'Tests on the GPU', [*tests, '-m', 'gpu'], {}),
        Step('tests', 'Tests on the CPU', [*tests, '-m', 'not gpu'], {}),
        *(
            Step('sanitizer', f'compute-sanitizer {tool}', [*sanitizer, tool, *tests, '-m', 'gpu', '-k', edges],
                 SANITIZER_VARIABLES)
            for tool in tools
        ),
        Step('speed', 'Speed', speed, {}),
    ]  # fmt: skip
    return [step for step in steps if step.part in parts]


def run(step: Step, limit_seconds: float) -> Outcome:
    """Runs a step and keeps what it printed; a missing program or a limit passed is an outcome, not an end."""
    if shutil.which(step.command[0]) is None:
        return Outcome(step, None, 0.0, f'{step.command[0]} is not installed')
    # Kernels of others to compare with come by the caller's PYTHONPATH.
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get('PYTHONPATH')]))
    environment = {**os.environ, 'PYTHONPATH': path, **step.environment}
    begin = time.monotonic()
    try:
        result = subprocess.run(
            step.command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=limit_seconds, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        output = error.stdout or b''
        text = output if isinstance(output, str) else output.decode(errors='replace')
        return Outcome(step, 124, time.monotonic() - begin, f'{text}\nstopped after {limit_seconds:.0f} s')
    return Outcome(step, result.returncode, time.monotonic() - begin, result.stdout)


def section(outcome: Outcome) -> str:
    """A step as a part of the report."""
    verdict = {None: 'not run', 0: 'passed'}.get(outcome.status, f'FAILED with status {outcome.status}')
    lines = outcome.output.rstrip().splitlines()[-KEPT_LINES:]
    body = '\n'.join(lines)
    return f'## {outcome.step.title}: {verdict} ({outcome.seconds:.0f} s)\n\n```\n{body}\n```\n'


def main() -> int:
    """Command line, see the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--report', type=Path, default=Path('outputs/gpu_ops/report.md'))
    parser.add_argument('--parts', nargs='+', choices=PARTS, default=PARTS, help='default: all')
    parser.add_argument('--quick', action='store_true', help='one shape set only')
    parser.add_argument('--limit', type=float, default=1800, help='seconds that a step may take')
    arguments = parser.parse_args()
    report = arguments.report.resolve()
    report.parent.mkdir(parents=True, exist_ok=True)
    outcomes = []
    for step in plan(report.parent, arguments.parts, arguments.quick):
        print(f'{step.title} ...', flush=True)
        outcomes.append(run(step, arguments.limit))
        head = f'# Deformable attention on {platform.node()}\n\nPython {platform.python_version()}\n\n'
        # Written after each step, so that a machine that goes away leaves what was found.
        report.write_text(head + '\n'.join(section(outcome) for outcome in outcomes))
    print(f'report: {report}')
    return int(any(outcome.status != 0 for outcome in outcomes if outcome.status is not None))


if __name__ == '__main__':
    sys.exit(main())
