#!/usr/bin/env python
"""Measures a model: latency of one pair from files to boxes, parameters, FLOPs and peak memory.

python tools/benchmark.py difftracker-lite --size 320 --threads 2
python tools/benchmark.py configs/difftracker/difftracker-lite_cpu_mixture.py --sentences 1 8 --json benchmark.json
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from difftracker.errors import ConfigError, DiffTrackerError

if TYPE_CHECKING:
    import torch

MIN_RUNS = 30
MEGA = 1024**2
# The middle half of the sentences that the generator writes have six to twelve words.
SENTENCE = 'Which of the things beside table number {number} has another colour now?'


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        model: The detector, in evaluation mode.
        pipeline: Transforms from the paths of a pair to the model's input.
        size: `(width, height)` of the canvas in pixels.
        device: Where the model runs.
    """

    model: torch.nn.Module
    pipeline: list[Callable[[dict], dict]]
    size: tuple[int, int]
    device: str


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('model', help='shipped model, weights file (.safetensors) or config (.py, random weights)')
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
    if args.runs < MIN_RUNS:
        parser.error(f'--runs: expected at least {MIN_RUNS}, found {args.runs}')
    if min(args.threads, args.warmup, args.size or 1, *args.sentences) < 1:
        parser.error('--threads, --warmup, --size and --sentences: expected at least 1')
    if args.size is not None and args.size % 32:
        parser.error(f'--size: expected a multiple of 32, found {args.size}')
    return args


def load(name: str, size: int | None, device: str) -> Subject:
    """Builds the model and its pre-processing.

    Args:
        name: Shipped model, weights file or config file.
        size: Side of a square canvas in pixels, None for the model's own.
        device: `cpu` or `cuda`.

    Raises:
        ConfigError: The config has no test pipeline with a `PairResize`.
        CheckpointError: The weights cannot be used.
    """
    import difftracker.register  # noqa: F401
    from difftracker.apis.build import build_from_weights, build_model
    from difftracker.checkpoint import resolve_model
    from difftracker.registry import TRANSFORMS

    if name.endswith('.py'):
        from mmengine.config import Config

        config = Config.fromfile(name)
        model = build_model(config.model).to(device).eval()
        steps = [dict(step) for step in config.test_dataloader.dataset.pipeline]
    else:
        model, stored = build_from_weights(resolve_model(name), device)
        steps = [dict(step) for step in stored['test_pipeline']]
    if steps[0]['type'] != 'LoadImagePair':
        steps.insert(0, {'type': 'LoadImagePair'})
    resize = next((step for step in steps if step['type'] == 'PairResize'), None)
    if resize is None:
        raise ConfigError(f'{name}: expected a test pipeline with PairResize, found {[step["type"] for step in steps]}')
    if size is not None:
        resize['scale'] = (size, size)
    return Subject(model, [TRANSFORMS.build(step) for step in steps], tuple(resize['scale']), device)


def write_pair(folder: Path, size: tuple[int, int]) -> dict[str, str]:
    """Writes a pair of JPEG files of twice the canvas and its shape, so that no part of the canvas is padding.

    Returns:
        Their paths as `before_path` and `after_path`.
    """
    import numpy as np

    from difftracker.utils.image_io import write_image

    width, height = 2 * size[0], 2 * size[1]
    y, x = np.mgrid[:height, :width]
    before = np.stack([x * 255 // width, y * 255 // height, (x // 32 + y // 32) % 2 * 120 + 60], axis=-1)
    after = before.copy()
    after[height // 4 : height // 2, width // 4 : width // 2] = (200, 40, 40)
    paths = {f'{side}_path': str(folder / f'{side}.jpg') for side in ('before', 'after')}
    for path, image in zip(paths.values(), (before, after)):
        write_image(path, image.astype(np.uint8))
    return paths


def make_requests(paths: dict[str, str], sentences: int) -> Iterator[dict]:
    """Yields what the pipeline takes, each time with sentences never asked before: the text encoder keeps answers."""
    number = 0
    while True:
        texts = [SENTENCE.format(number=number + place) for place in range(sentences)]
        number += sentences
        ids = [f'q{place}' for place in range(sentences)]
        yield {'pair_id': 'benchmark', 'texts': texts, 'query_ids': ids, 'subsets': [''] * sentences, **paths}


def prepare(subject: Subject, request: dict) -> dict:
    """Runs the pre-processing; returns a batch of one pair."""
    for transform in subject.pipeline:
        request = transform(request)
    return {key: [value] for key, value in request.items()}


def answer(subject: Subject, batch: dict) -> list:
    """Runs the model, waits for its boxes and returns its data samples."""
    import torch

    with torch.no_grad():
        samples = subject.model.test_step(batch)
    if subject.device == 'cuda':
        torch.cuda.synchronize()
    return samples


def measure_latency(subject: Subject, paths: dict[str, str], sentences: int, warmup: int, runs: int) -> dict:
    """Times pre-processing (reading and decoding included), the model, and both together.

    Returns:
        Figures of `spread` under `prepare`, `model` and `total`.
    """
    requests = make_requests(paths, sentences)
    times: dict[str, list[float]] = {'prepare': [], 'model': [], 'total': []}
    for run in range(warmup + runs):
        request = next(requests)
        start = time.perf_counter()
        batch = prepare(subject, request)
        middle = time.perf_counter()
        answer(subject, batch)
        end = time.perf_counter()
        if run >= warmup:
            for name, seconds in (('prepare', middle - start), ('model', end - middle), ('total', end - start)):
                times[name].append(seconds)
    return {name: spread(values) for name, values in times.items()}


def spread(seconds: list[float]) -> dict[str, float]:
    """Returns median, 10th and 90th percentile, smallest and largest, in milliseconds."""
    deciles = statistics.quantiles(seconds, n=10, method='inclusive')
    figures = {
        'median': statistics.median(seconds),
        'p10': deciles[0],
        'p90': deciles[-1],
        'min': min(seconds),
        'max': max(seconds),
    }
    return {name: round(1000 * value, 3) for name, value in figures.items()}


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


def set_threads(threads: int) -> None:
    """Holds torch and OpenCV to so many threads."""
    import cv2
    import torch

    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Measures everything; plain data."""
    memory = memory_of_fresh_process(args)
    import torch

    from difftracker.ops import backend_info

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
        'device': args.device,
        'device_name': torch.cuda.get_device_name() if args.device == 'cuda' else platform.processor(),
        'threads': args.threads,
        'torch': torch.__version__,
        'operator': backend_info()[args.device],
        'runs': args.runs,
        'warmup': args.warmup,
        'latency_ms': latency,
        'parameters': count_parameters(subject.model),
        'flops': flops,
        'memory_mib': memory,
    }


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
        figures = measure(args)
    except (DiffTrackerError, OSError, RuntimeError) as error:
        print(f'benchmark: error: {error}', file=sys.stderr)
        return 2
    print(format_figures(figures))
    if args.json is not None:
        from difftracker.utils.files import write_json

        write_json(args.json, figures)
    return 0


if __name__ == '__main__':
    sys.exit(main())
