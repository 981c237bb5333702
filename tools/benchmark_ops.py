"""Measures deformable attention against the pure PyTorch path, and on a GPU against other kernels where installed.

    python tools/benchmark_ops.py --device cpu --threads 2 --out-dir outputs/benchmark_ops

Implementations take turns within each repetition, so that a busy machine slows all of them alike. The table goes to
the terminal; with `--out-dir` also to `table.md`, all figures to `figures.json` and a plot to `plot.png`. On a GPU,
times are those of the device alone, with the share of the memory bandwidth that a plain copy reaches in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # Run as a program, Python looks beside this file only.

from difftracker.ops import backend_info, ms_deform_attn  # noqa: E402
from tools.ops_implementations import (  # noqa: E402
    DETERMINISTIC,
    DINO_LEVELS,
    DTYPES,
    KERNELS,
    KINDS,
    SETS,
    TOO_LARGE_FOR_CPU,
    Implementation,
    ShapeSet,
    bytes_to_move,
    find_implementations,
    forward_backward,
    make_inputs,
    on_gpu,
    original_kernel,
    usable,
)

# Larger than the L2 cache of any card.
FLUSH_BYTES = 256 * 2**20
COPY_BYTES = 2**30


class Timer:
    """Milliseconds of one call.

    On a GPU the device's time, with a cold L2 cache; else by the wall clock or, for machines that are busy with other
    things, the processor time of the process.
    """

    # Cycles that the device waits, about 2 ms, while the host queues the whole call: what is timed has no gaps then.
    WAIT = 4_000_000

    def __init__(self, device: str, clock: str) -> None:
        self.clock = time.process_time if clock == 'cpu' else time.perf_counter
        self.on_gpu = on_gpu(device)
        self.flush = torch.empty(FLUSH_BYTES, dtype=torch.int8, device=device) if self.on_gpu else None

    def __call__(self, function: Callable[[], object]) -> float:
        if not self.on_gpu:
            start = self.clock()
            function()
            return (self.clock() - start) * 1e3
        torch.cuda.synchronize()
        # Reading, for what is written would have to leave the cache within the time that is measured.
        self.flush.max()
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda._sleep(self.WAIT)
        begin.record()
        function()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end)


def copy_bandwidth(timer: Timer, device: str) -> float:
    """Bytes per second, read and written together, of a plain copy on the GPU."""
    source = torch.ones(COPY_BYTES, dtype=torch.int8, device=device)
    target = torch.empty_like(source)
    milliseconds = statistics.median(timer(lambda: target.copy_(source)) for _ in range(20))
    return 2 * COPY_BYTES / milliseconds * 1e3


def measure(
    functions: dict[str, Implementation], inputs: tuple[torch.Tensor, ...], timer: Timer, repeats: int, budget: float
) -> dict[str, dict[str, list[float]]]:
    """Times all implementations in turn: at least three rounds, at most `repeats`, about `budget` seconds per set.

    They must have run before, as `usable` makes them.
    """
    grad = torch.randn_like(ms_deform_attn(*inputs))
    calls = {}
    for name, function in functions.items():
        if name != DETERMINISTIC:
            calls[name, 'forward'] = lambda function=function: torch.no_grad()(function)(*inputs)
        calls[name, 'forward+backward'] = lambda n=name, f=function: forward_backward(n, f, inputs, grad)
    times: dict[str, dict[str, list[float]]] = {name: {} for name in functions}
    begin = time.perf_counter()
    for done in range(repeats):
        if done >= 3 and time.perf_counter() - begin > budget:
            break
        for (name, kind), call in calls.items():
            times[name].setdefault(kind, []).append(timer(call))
    return times


def summary(times: list[float]) -> dict[str, float]:
    low, _, high = statistics.quantiles(times, n=4) if len(times) > 2 else (min(times), 0, max(times))
    return {'median_ms': statistics.median(times), 'quartile_1_ms': low, 'quartile_3_ms': high, 'runs': len(times)}


def peak_extra_bytes(arguments: argparse.Namespace, shape: str, name: str, kind: str) -> int:
    """Growth of the process's peak memory on the CPU by one call, measured in a process of its own."""
    command = [sys.executable, __file__, '--memory-of', shape, name, kind, '--threads', str(arguments.threads)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(result.stdout.split()[-1])


def print_memory(shape: ShapeSet, name: str, kind: str) -> None:
    small = make_inputs(ShapeSet('warm', 1, ((8, 8), (4, 4), (2, 2), (1, 1)), None), torch.float32, 'cpu')
    inputs = make_inputs(shape, torch.float32, 'cpu')
    functions = {id(tensors): find_implementations('cpu', tensors[1].tolist())[name] for tensors in (small, inputs)}
    for tensors in (small, inputs):
        if tensors is inputs:
            # Resident now, not the peak so far: making the inputs needed more than they keep.
            resident = int(Path('/proc/self/statm').read_text().split()[1]) * resource.getpagesize()
            Path('/proc/self/clear_refs').write_text('5')
        function = functions[id(tensors)]
        if kind == 'forward':
            torch.no_grad()(function)(*tensors)
        else:
            forward_backward(name, function, tensors, torch.ones_like(ms_deform_attn(*tensors)))
    status = Path('/proc/self/status').read_text()
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith('VmHWM'))
    print(max(0, peak - resident))


def gpu_peak_extra_bytes(name: str, function: Implementation, inputs: tuple[torch.Tensor, ...], kind: str) -> int:
    """Growth of the peak of PyTorch's allocator by one call, beyond the inputs and the output's gradient."""
    grad = torch.ones_like(ms_deform_attn(*inputs))
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    if kind == 'forward':
        torch.no_grad()(function)(*inputs)
    else:
        forward_backward(name, function, inputs, grad)
    return torch.cuda.max_memory_allocated() - before


def scaling(timer: Timer, dtype: torch.dtype, device: str, repeats: int) -> list[dict]:
    """Forward time per query, from 1,000 to 100,000 queries on one picture."""
    rows = []
    for queries in (1000, 3000, 10000, 30000, 100000):
        inputs = make_inputs(ShapeSet('scaling', 1, DINO_LEVELS, queries), dtype, device)
        grad = torch.randn_like(ms_deform_attn(*inputs))
        forward = [timer(lambda inputs=inputs: torch.no_grad()(ms_deform_attn)(*inputs)) for _ in range(repeats)]
        both = [timer(lambda i=inputs, g=grad: forward_backward('ours', ms_deform_attn, i, g)) for _ in range(repeats)]
        rows.append({'queries': queries, 'forward': summary(forward[1:]), 'forward+backward': summary(both[1:])})
    return rows


def table(results: list[dict], bandwidth: float | None) -> str:
    """The measurements as a Markdown table, one line per set, kind and implementation.

    Args:
        results: One entry per set and type.
        bandwidth: Bytes per second of a plain copy, None where bandwidth was not measured.
    """
    columns = ['set', 'type', 'what', 'implementation', 'median ms', 'quartiles', 'runs', 'ours is faster by']
    columns += [] if bandwidth is None else ['GB/s', 'of a copy']
    lines = ['| ' + ' | '.join(columns) + ' |', '| --- | --- | --- | --- ' + '| ---: ' * (len(columns) - 4) + '|']
    for row in results:
        ours = row['figures']['ours']
        for name, kinds in row['figures'].items():
            for kind, figures in kinds.items():
                cells = [row['set'], row['dtype'], kind, name, f'{figures["median_ms"]:.3g}']
                cells += [f'{figures["quartile_1_ms"]:.3g} to {figures["quartile_3_ms"]:.3g}', str(figures['runs'])]
                cells.append(f'{figures["median_ms"] / ours[kind]["median_ms"]:.2f}')
                if bandwidth is not None:
                    speed = row['bytes'][kind] / figures['median_ms'] * 1e3
                    cells += [f'{speed / 1e9:.0f}', f'{speed / bandwidth:.0%}']
                lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines)


def against_float32(results: list[dict]) -> list[str]:
    """Half precision of ours against others' kernels in float32, which is how those that know no half are used."""
    medians = {
        (row['set'], row['dtype'], name, kind): figures['median_ms']
        for row in results for name, kinds in row['figures'].items() for kind, figures in kinds.items()
    }  # fmt: skip
    lines = []
    for (shape, dtype, name, kind), ours in medians.items():
        for other in KERNELS if name == 'ours' and dtype in ('float16', 'bfloat16') else ():
            if (shape, 'float32', other, kind) in medians:
                ratio = medians[shape, 'float32', other, kind] / ours
                lines.append(f'{shape} {kind}: ours in {dtype} is {ratio:.2f} times as fast as {other} in float32')
    return lines


def draw(results: list[dict], path: Path) -> None:
    """Bars of how much faster ours is, one panel for each of the others that ran."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    others = {name: None for row in results for name in row['figures'] if name not in ('ours', DETERMINISTIC)}
    size = (9, len(others) * (0.5 * len(results) + 1.5))
    figure, panels = pyplot.subplots(len(others), squeeze=False, figsize=size, layout='constrained')
    for axes, other in zip(panels.flat, others):
        rows = [row for row in results if other in row['figures']]
        for shift, kind in ((-0.2, 'forward'), (0.2, 'forward+backward')):
            ratios = [
                row['figures'][other][kind]['median_ms'] / row['figures']['ours'][kind]['median_ms'] for row in rows
            ]
            bars = axes.barh([i + shift for i in range(len(rows))], ratios, height=0.38, label=kind)
            axes.bar_label(bars, fmt='%.1f', padding=3)
        axes.set_yticks(range(len(rows)), [f'{row["set"]} {row["dtype"]}' for row in rows])
        axes.invert_yaxis()
        axes.axvline(1, color='black', linewidth=0.8)
        axes.set_xlabel(f'times as fast as {"the pure PyTorch path" if other == "pytorch" else other}')
        axes.legend()
    figure.savefig(path, dpi=150)
    pyplot.close(figure)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--device', default='cpu', help='cpu, cuda or cuda:1')
    parser.add_argument('--threads', type=int, default=2, help='CPU threads of PyTorch')
    parser.add_argument(
        '--clock', choices=('wall', 'cpu'), default='wall', help='cpu: with --threads 1, on busy machines'
    )
    parser.add_argument('--dtypes', nargs='+', choices=DTYPES, default=['float32'])
    parser.add_argument('--sets', nargs='+', choices=[shape.name for shape in SETS], help='default: all that fit')
    parser.add_argument('--repeats', type=int, default=50, help='most rounds per set')
    parser.add_argument('--budget', type=float, default=60, help='about how many seconds per set')
    parser.add_argument('--memory', action='store_true', help='also measure peak memory in float32 (Linux)')
    parser.add_argument('--original', type=Path, help="wheel or folder with Deformable-DETR's kernel, to build it")
    parser.add_argument('--scaling', action='store_true', help='also measure 1,000 to 100,000 queries')
    parser.add_argument('--out-dir', type=Path, help='folder of table.md, figures.json and plot.png')
    parser.add_argument('--memory-of', nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def measure_set(
    arguments: argparse.Namespace, shape: ShapeSet, dtype: str, timer: Timer, original: Implementation | None
) -> dict:
    """All implementations that run here on one set and type: plain data for the report."""
    inputs = make_inputs(shape, DTYPES[dtype], arguments.device)
    functions = usable(find_implementations(arguments.device, inputs[1].tolist(), original), inputs)
    times = measure(functions, inputs, timer, arguments.repeats, arguments.budget)
    return {
        'set': shape.name,
        'shape': asdict(shape),
        'dtype': dtype,
        'bytes': {kind: bytes_to_move(inputs, kind) for kind in KINDS},
        'figures': {who: {kind: summary(ms) for kind, ms in kinds.items()} for who, kinds in times.items()},
    }


def measure_memory(arguments: argparse.Namespace, shape: ShapeSet) -> list[dict]:
    """Peak extra memory of ours and of the pure PyTorch path on one set, in float32."""
    if on_gpu(arguments.device):
        inputs = make_inputs(shape, torch.float32, arguments.device)
        found = find_implementations(arguments.device, inputs[1].tolist())

    def extra(who: str, kind: str) -> int:
        if on_gpu(arguments.device):
            return gpu_peak_extra_bytes(who, found[who], inputs, kind)
        return peak_extra_bytes(arguments, shape.name, who, kind)

    return [
        {'set': shape.name, 'kind': kind, 'bytes': {who: extra(who, kind) for who in ('ours', 'pytorch')}}
        for kind in KINDS
    ]


def work_lines(report: dict) -> list[str]:
    """The memory and the work per query, as far as they were measured, in words."""
    lines = []
    for row in report['memory']:
        ours, pytorch = (row['bytes'][who] for who in ('ours', 'pytorch'))
        lines.append(
            f'{row["set"]} {row["kind"]}: peak extra memory {ours / 2**20:.1f} MiB, '
            f'{ours / pytorch:.1%} of the {pytorch / 2**20:.1f} MiB of pytorch'
        )
    for row in report['scaling']:
        each = [row[kind]['median_ms'] * 1e3 / row['queries'] for kind in KINDS]
        lines.append(f'{row["queries"]} queries: {each[0]:.3g} us each forward, {each[1]:.3g} forward+backward')
    return lines


def write_report(report: dict, out_dir: Path) -> None:
    """Writes what was measured so far: the table with the comparisons below it, and all figures."""
    out_dir.mkdir(parents=True, exist_ok=True)
    lines = [table(report['results'], report['copy_bytes_per_second']), '']
    lines += [f'- {line}' for line in [*against_float32(report['results']), *work_lines(report)]]
    (out_dir / 'table.md').write_text('\n'.join(lines) + '\n')
    (out_dir / 'figures.json').write_text(json.dumps(report, indent=1) + '\n')


def main() -> int:
    """Command line, see the module."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    by_name = {shape.name: shape for shape in SETS}
    if arguments.memory_of:
        print_memory(by_name[arguments.memory_of[0]], *arguments.memory_of[1:])
        return 0
    if ':' in arguments.device:
        torch.cuda.set_device(arguments.device)  # Events are of the current device.
    left_out = () if on_gpu(arguments.device) else TOO_LARGE_FOR_CPU
    names = arguments.sets or [name for name in by_name if name not in left_out]
    timer = Timer(arguments.device, arguments.clock)
    original = original_kernel(arguments.original) if on_gpu(arguments.device) else None
    report = {
        'device': torch.cuda.get_device_name(arguments.device) if on_gpu(arguments.device) else 'cpu',
        'threads': arguments.threads, 'clock': arguments.clock, 'torch': torch.__version__, 'backend': backend_info(),
        'load_before': os.getloadavg(), 'results': [], 'memory': [], 'scaling': [],
        'copy_bytes_per_second': copy_bandwidth(timer, arguments.device) if on_gpu(arguments.device) else None,
    }  # fmt: skip
    if report['copy_bytes_per_second']:
        print(f'{report["device"]}: a copy moves {report["copy_bytes_per_second"] / 1e9:.0f} GB/s')
    for dtype in arguments.dtypes:
        for name in names:
            print(f'-- {name} {dtype}', flush=True)
            report['results'].append(measure_set(arguments, by_name[name], dtype, timer, original))
            print(table(report['results'][-1:], report['copy_bytes_per_second']), flush=True)
            # What ran out of memory above is not measured.
            if arguments.memory and dtype == 'float32' and 'pytorch' in report['results'][-1]['figures']:
                report['memory'] += measure_memory(arguments, by_name[name])
            if arguments.out_dir:
                write_report(report, arguments.out_dir)
        if arguments.out_dir:
            draw(report['results'], arguments.out_dir / 'plot.png')
    if arguments.scaling:
        report['scaling'] = scaling(timer, DTYPES[arguments.dtypes[0]], arguments.device, 8)
    report['load_after'] = os.getloadavg()
    print('\n'.join([table(report['results'], report['copy_bytes_per_second']), *against_float32(report['results'])]))
    print('\n'.join(work_lines(report)))
    if arguments.out_dir:
        write_report(report, arguments.out_dir)
    return 0


if __name__ == '__main__':
    sys.exit(main())
