#!/usr/bin/env python
"""Measures a model: latency of one pair from files to boxes, parameters, FLOPs and peak memory.

python tools/benchmark.py difftracker-lite --size 320 --threads 2
python tools/benchmark.py configs/difftracker/difftracker-lite_cpu_mixture.py --sentences 1 8 --json benchmark.json

With `--compare-operator`, only the latency, with the compiled deformable attention and with its PyTorch code in turns:

python tools/benchmark.py difftracker-lite configs/difftracker/difftracker-swin-t_gpu_mixture.py --compare-operator
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # Run as a program, Python looks beside this file only.

from difftracker.errors import DiffTrackerError
from tools.latency import (
    TIERS,
    Subject,
    answer,
    compare_operator,
    load,
    make_requests,
    measure_latency,
    prepare,
    set_threads,
    write_pair,
)

if TYPE_CHECKING:
    import torch

MIN_RUNS = 30
MEGA = 1024**2


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'models',
        nargs='+',
        metavar='model',
        help='shipped model, weights file (.safetensors) or config (.py, random weights)',
    )
    parser.add_argument(
        '--compare-operator', action='store_true', help='latency with and without the compiled operator; takes models'
    )
    parser.add_argument('--size', type=int, help="side of the model's canvas in px; default: the model's own")
    parser.add_argument('--threads', type=int, default=1, help='CPU threads (default: 1)')
    parser.add_argument(
        '--sentences', type=int, nargs='+', default=[1, 8], help='sentences asked about the pair at once (default: 1 8)'
    )
    parser.add_argument('--runs', type=int, default=MIN_RUNS, help=f'runs that count, at least {MIN_RUNS}')
    parser.add_argument('--warmup', type=int, default=5, help='runs before them (default: 5)')
    parser.add_argument('--device', choices=('cpu', 'cuda'), default='cpu')
    parser.add_argument('--json', type=Path, help='write the figures to this file')
    parser.add_argument('--memory-only', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    args.model = args.models[0]
    if len(args.models) > 1 and not args.compare_operator:
        parser.error(f'expected one model without --compare-operator, found {len(args.models)}')
    if args.runs < MIN_RUNS:
        parser.error(f'--runs: expected at least {MIN_RUNS}, found {args.runs}')
    if min(args.threads, args.warmup, args.size or 1, *args.sentences) < 1:
        parser.error('--threads, --warmup, --size and --sentences: expected at least 1')
    if args.size is not None and args.size % 32:
        parser.error(f'--size: expected a multiple of 32, found {args.size}')
    return args


def count_parameters(model: torch.nn.Module) -> dict:
    """Counts parameters: in all, trainable, and by part.

    A frozen text encoder is no submodule of the model and not in its weights file; it is a part of its own here,
    since it must be loaded and run all the same.
    """
    parts = {name: module for name, module in model.named_children() if any(True for _ in module.parameters())}
    frozen = vars(getattr(model, 'text_encoder', model)).get('_frozen_encoder')
    if frozen is not None:
        parts['text_encoder, frozen, of its own package'] = frozen
    by_part = {
        name: {
            'total': sum(p.numel() for p in module.parameters()),
            'trainable': sum(p.numel() for p in module.parameters() if p.requires_grad),
        }
        for name, module in parts.items()
    }
    totals = {key: sum(figures[key] for figures in by_part.values()) for key in ('total', 'trainable')}
    return {**totals, 'by_part': by_part}


def count_flops(subject: Subject, paths: dict[str, str], sentences: int) -> dict:
    """Counts the floating point operations of one answer, a multiplication and an addition as two.

    Counted are convolutions, matrix products and attention. Sampling, normalisation and element-wise work are not.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    batch = prepare(subject, next(make_requests(paths, sentences)))
    fused = torch.backends.mha.get_fastpath_enabled()
    # The fused layers of inference are single operations that the counter does not know.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with FlopCounterMode(display=False) as counter:
            answer(subject, batch)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    root = type(subject.model).__name__
    sums = {name: sum(operations.values()) for name, operations in counter.get_flop_counts().items()}
    parts = {name: _flops_below(sums, f'{root}.{name}') for name, _ in subject.model.named_children()}
    return {'total': counter.get_total_flops(), 'by_part': {name: count for name, count in parts.items() if count}}


def _flops_below(sums: dict[str, int], prefix: str) -> int:
    """Adds up what ran under a module, some of whose parts may be called by their own names only."""
    inside = [name for name in sums if name == prefix or name.startswith(prefix + '.')]
    tops = [name for name in inside if not any(name.startswith(other + '.') for other in inside)]
    return sum(sums[name] for name in tops)


def peak_memory() -> int:
    """Returns the largest resident size of this process so far, in bytes."""
    status = Path('/proc/self/status')
    if status.is_file():
        # Not ru_maxrss where this is there: on Linux a fresh process starts with its parent's value.
        line = next(line for line in status.read_text().splitlines() if line.startswith('VmHWM:'))
        return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == 'darwin' else peak * 1024


def measure_memory(args: argparse.Namespace) -> dict[str, float]:
    """Measures in this process, which must be fresh, how the peak grows; in MiB.

    Returns:
        `libraries` (Python with torch and mm libraries), `model` (growth while it loads), `answers` (growth while it
        answers), `peak`; on a GPU `cuda_peak`, the largest sum of its tensors.
    """
    import torch

    import difftracker.register  # noqa: F401

    set_threads(args.threads)
    marks = [peak_memory()]
    subject = load(args.model, args.size, args.device)
    marks.append(peak_memory())
    with tempfile.TemporaryDirectory() as folder:
        requests = make_requests(write_pair(Path(folder), subject.size), max(args.sentences))
        for _ in range(3):
            answer(subject, prepare(subject, next(requests)))
    marks.append(peak_memory())
    sizes = {'libraries': marks[0], 'model': marks[1] - marks[0], 'answers': marks[2] - marks[1], 'peak': marks[2]}
    if args.device == 'cuda':
        sizes['cuda_peak'] = torch.cuda.max_memory_allocated()
    return {name: round(size / MEGA, 1) for name, size in sizes.items()}


def memory_of_fresh_process(args: argparse.Namespace) -> dict[str, float]:
    """Runs `measure_memory` in a process of its own.

    Raises:
        RuntimeError: The process failed.
    """
    command = [sys.executable, __file__, args.model, '--memory-only', '--device', args.device]
    command += ['--threads', str(args.threads), '--sentences', *map(str, args.sentences)]
    command += [] if args.size is None else ['--size', str(args.size)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f'the process that measures memory failed: {done.stderr.strip()[-2000:]}')
    return json.loads(done.stdout.splitlines()[-1])


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Measures everything; plain data."""
    memory = memory_of_fresh_process(args)
    set_threads(args.threads)
    subject = load(args.model, args.size, args.device)
    with tempfile.TemporaryDirectory() as folder:
        paths = write_pair(Path(folder), subject.size)
        latency = {
            str(count): measure_latency(subject, paths, count, args.warmup, args.runs) for count in args.sentences
        }
        flops = {str(count): count_flops(subject, paths, count) for count in args.sentences}
    return {
        'model': args.model,
        'size': list(subject.size),
        **describe_run(args),
        'latency_ms': latency,
        'parameters': count_parameters(subject.model),
        'flops': flops,
        'memory_mib': memory,
    }


def describe_run(args: argparse.Namespace) -> dict[str, Any]:
    """Returns what figures must be read with: device, threads, versions, number of runs; plain data."""
    import torch

    from difftracker.ops import backend_info

    return {
        'device': args.device,
        'device_name': torch.cuda.get_device_name() if args.device == 'cuda' else platform.processor(),
        'threads': args.threads,
        'torch': torch.__version__,
        'operator': backend_info()[args.device],
        'runs': args.runs,
        'warmup': args.warmup,
    }


def measure_operator(args: argparse.Namespace) -> dict[str, Any]:
    """Measures what `--compare-operator` asks for; plain data."""
    set_threads(args.threads)
    subjects = {name: load(name, args.size, args.device) for name in args.models}
    with tempfile.TemporaryDirectory() as folder:
        latency = {}
        for count in args.sentences:
            place = Path(folder) / str(count)
            place.mkdir()
            latency[str(count)] = compare_operator(subjects, place, count, args.warmup, args.runs)
    return {
        'sizes': {name: list(subject.size) for name, subject in subjects.items()},
        **describe_run(args),
        'latency_ms': latency,
    }


def format_operator(figures: dict[str, Any]) -> str:
    """Sets the comparison as a table to read, times in milliseconds."""
    lines = [
        f'{figures["device"]}, {figures["threads"]} threads, torch {figures["torch"]}, compiled kernels: '
        f'{figures["operator"]["reason"]}, {figures["runs"]} runs in turns',
        '| model | canvas | sentences | time | compiled, median (p10 to p90) ms | PyTorch code | ratio |',
        '| --- | --- | ---: | --- | ---: | ---: | ---: |',
    ]
    for count, models in figures['latency_ms'].items():
        for name, tiers in models.items():
            canvas = ' x '.join(map(str, figures['sizes'][name]))
            for stage in ('model', 'total'):
                spreads = (tiers[tier][stage] for tier in TIERS)
                cells = ['{median:.1f} ({p10:.1f} to {p90:.1f})'.format(**spread) for spread in spreads]
                cells.append(f'{tiers["ratio"][stage]:.2f}')
                lines.append(' | '.join([f'| {Path(name).stem}', canvas, count, stage, *cells]) + ' |')
    return '\n'.join(lines)


def format_figures(figures: dict[str, Any]) -> str:
    """Sets the figures as tables to read."""
    width, height = figures['size']
    operator = figures['operator']
    lines = [
        f'{figures["model"]}: canvas {width} x {height}, {figures["device"]}, {figures["threads"]} threads, '
        f'torch {figures["torch"]}, operator {operator["tier"]} ({operator["reason"]})',
        '',
        f'{"latency in ms":<24}{"median":>9}{"p10":>9}{"p90":>9}{"min":>9}{"max":>9}   ({figures["runs"]} runs)',
    ]
    for count, stages in figures['latency_ms'].items():
        for stage, values in stages.items():
            label = f'{count} sentence{"" if count == "1" else "s"}, {stage}'
            lines.append(f'{label:<24}' + ''.join(f'{value:9.1f}' for value in values.values()))
    parameters = figures['parameters']
    lines += ['', f'{"parameters":<44}{"total":>12}{"trainable":>12}']
    for name, counts in [*parameters['by_part'].items(), ('all', parameters)]:
        lines.append(f'{name:<44}{counts["total"]:>12,}{counts["trainable"]:>12,}')
    for count, flops in figures['flops'].items():
        parts = ', '.join(f'{name} {value / 1e9:.2f}' for name, value in flops['by_part'].items())
        plural = '' if count == '1' else 's'
        lines += ['', f'GFLOPs with {count} sentence{plural}: {flops["total"] / 1e9:.2f} ({parts})']
    memory = ', '.join(f'{name} {value:.0f}' for name, value in figures['memory_mib'].items())
    return '\n'.join([*lines, '', f'memory in MiB: {memory}'])


def main(argv: list[str] | None = None) -> int:
    """Measures and prints; returns 2 when the model cannot be used."""
    args = parse_args(argv)
    try:
        if args.memory_only:
            print(json.dumps(measure_memory(args)))
            return 0
        figures = measure_operator(args) if args.compare_operator else measure(args)
    except (DiffTrackerError, OSError, RuntimeError) as error:
        print(f'benchmark: error: {error}', file=sys.stderr)
        return 2
    print(format_operator(figures) if args.compare_operator else format_figures(figures))
    if args.json is not None:
        from difftracker.utils.files import write_json

        write_json(args.json, figures)
    return 0


if __name__ == '__main__':
    sys.exit(main())
