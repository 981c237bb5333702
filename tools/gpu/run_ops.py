"""Builds, tests and measures the operator on a machine with an NVIDIA GPU, and writes one report.

    python tools/gpu/run_ops.py --report outputs/gpu_ops/report.md

Every step runs even where an earlier one failed; the report holds each step's outcome and its last lines, and the exit
status says whether all went well. Needs nvcc and a CUDA build of PyTorch; compute-sanitizer is used where it is found.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT_LINES = 80


@dataclass(frozen=True)
class Step:
    """One command of the report.

    Args:
        title: Heading in the report.
        command: What runs, in the folder of the checkout.
        environment: Variables added to the environment.
    """

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


def plan(out_dir: Path, quick: bool) -> list[Step]:
    """The steps in order: machine, build, tests, memory checks, measurements."""
    python = sys.executable
    tests = [python, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'tests/test_ops']
    benchmark = [python, 'tools/benchmark_ops.py', '--device', 'cuda', '--out-dir', str(out_dir)]
    benchmark += ['--sets', 'square-8500', '--repeats', '5'] if quick else ['--scaling', '--memory']
    sanitizer = ['compute-sanitizer', '--error-exitcode', '9', '--tool']
    edges = 'values_and_gradients and (32 or 30) or place or empty or aligned or contiguous'
    return [
        Step('Machine', ['nvidia-smi'], {}),
        Step('Build', [python, '-m', 'difftracker.ops.build', '--mode', 'cuda', '--jobs', '4'], {}),
        Step('Back ends', [python, '-c', 'from difftracker.ops import backend_info; print(backend_info())'], {}),
        Step('Tests on the GPU', [*tests, '-m', 'gpu'], {}),
        Step('Tests on the CPU', [*tests, '-m', 'not gpu'], {}),
        *(
            Step(f'compute-sanitizer {tool}', [*sanitizer, tool, *tests, '-m', 'gpu', '-k', edges], SANITIZER_VARIABLES)
            for tool in ('memcheck', 'racecheck', 'initcheck', 'synccheck')
        ),
        Step('Speed', [*benchmark, '--dtypes', 'float32', 'float16', 'bfloat16'], {}),
    ]


# PyTorch's caching allocator would hide reads beyond a tensor from the sanitizer.
SANITIZER_VARIABLES = {'PYTORCH_NO_CUDA_MEMORY_CACHING': '1'}


def run(step: Step, limit_seconds: float) -> Outcome:
    """Runs a step and keeps what it printed; a missing program or a limit passed is an outcome, not an end."""
    if shutil.which(step.command[0]) is None:
        return Outcome(step, None, 0.0, f'{step.command[0]} is not installed')
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), **step.environment}
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
    parser.add_argument('--quick', action='store_true', help='one shape set only')
    parser.add_argument('--limit', type=float, default=1800, help='seconds that a step may take')
    arguments = parser.parse_args()
    report = arguments.report.resolve()
    report.parent.mkdir(parents=True, exist_ok=True)
    outcomes = []
    for step in plan(report.parent, arguments.quick):
        print(f'{step.title} ...', flush=True)
        outcomes.append(run(step, arguments.limit))
        head = f'# Deformable attention on {platform.node()}\n\nPython {platform.python_version()}\n\n'
        # Written after each step, so that a machine that goes away leaves what was found.
        report.write_text(head + '\n'.join(section(outcome) for outcome in outcomes))
    print(f'report: {report}')
    return int(any(outcome.status != 0 for outcome in outcomes if outcome.status is not None))


if __name__ == '__main__':
    sys.exit(main())
