"""Measures deformable attention against the pure PyTorch path, and on a GPU against other kernels where installed.

    python tools/benchmark_ops.py --device cpu --threads 2 --out-dir outputs/benchmark_ops

Implementations take turns within each repetition, so that a busy machine slows all of them alike. The table goes to the
terminal; with `--out-dir` also to `table.md`, all figures to `figures.json` and a plot to `plot.png`.
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
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

import torch

from difftracker.ops import backend_info, ms_deform_attn

DINO_LEVELS = ((100, 167), (50, 84), (25, 42), (13, 21))
SQUARES = ((64, 64), (32, 32), (16, 16), (8, 8))
DTYPES = {'float32': torch.float32, 'float16': torch.float16, 'bfloat16': torch.bfloat16, 'float64': torch.float64}


@dataclass(frozen=True)
class ShapeSet:
    """One line of the benchmark: sizes as in `ms_deform_attn`; queries None means one per cell, near its own place."""

    name: str
    batch: int
    levels: tuple[tuple[int, int], ...]
    queries: int | None
    points: int = 4
    heads: int = 8
    dim: int = 32


SETS = (
    ShapeSet('square-8500', 1, ((80, 80), (40, 40), (20, 20), (10, 10)), None),
    ShapeSet('dino-encoder-b1', 1, DINO_LEVELS, None),
    ShapeSet('dino-encoder-b2', 2, DINO_LEVELS, None),
    ShapeSet('dino-decoder-b1', 1, DINO_LEVELS, 900),
    ShapeSet('dino-decoder-b2', 2, DINO_LEVELS, 900),
    ShapeSet('hub-b2-q300', 2, SQUARES, 300),
    ShapeSet('hub-b8-q900', 8, SQUARES, 900),
    ShapeSet('dcnv4', 1, ((100, 152), (50, 76), (25, 38), (13, 19)), 15200, points=8),
    ShapeSet('bevformer', 6, ((116, 200), (58, 100), (29, 50), (15, 25)), 40000, points=8),
    ShapeSet('triton-q1000', 4, SQUARES, 1000, points=3),
    ShapeSet('triton-q10000', 4, SQUARES, 10000, points=3),
)
# 20 GB and more for the pure PyTorch path.
TOO_LARGE_FOR_CPU = ('bevformer',)
Implementation = Callable[..., torch.Tensor]


def make_inputs(shape: ShapeSet, dtype: torch.dtype, device: str) -> tuple[torch.Tensor, ...]:
    """Random arguments of one set: encoder queries look around their own cell, others anywhere in the picture."""
    torch.manual_seed(0)
    levels = torch.tensor(shape.levels)
    areas = levels.prod(1)
    length = int(areas.sum())
    exact = torch.float64 if dtype == torch.float64 else torch.float32
    grid = (shape.batch, shape.queries or length, shape.heads, len(levels), shape.points)
    locations = torch.rand(*grid, 2, dtype=exact)
    if shape.queries is None:
        centres = [
            torch.cartesian_prod((torch.arange(h) + 0.5) / h, (torch.arange(w) + 0.5) / w).flip(-1)
            for h, w in shape.levels
        ]
        offsets = torch.randn(*grid, 2, dtype=exact) * 2 / levels.flip(-1)[:, None]
        locations = torch.cat(centres).to(exact)[None, :, None, None, None] + offsets
    weights = torch.rand(grid, dtype=exact).flatten(3).softmax(-1).view(grid)
    value = torch.randn(shape.batch, length, shape.heads, shape.dim).to(dtype)
    tensors = (value, levels, areas.cumsum(0) - areas, locations.contiguous(), weights)
    return tuple(tensor.to(device) for tensor in tensors)


def find_implementations(device: str) -> dict[str, Implementation]:
    """Ours, the pure PyTorch path of mmcv, and on a GPU every other kernel that can be imported."""
    import_module('difftracker.registry')  # lets mmcv be imported without its extension
    mmcv = import_module('mmcv.ops.multi_scale_deform_attn')

    def grid_sample(value, shapes, starts, locations, weights):
        locations, weights = locations.to(value.dtype), weights.to(value.dtype)
        return mmcv.multi_scale_deformable_attn_pytorch(value, shapes.tolist(), locations, weights)

    found = {'ours': ms_deform_attn, 'pytorch': grid_sample}
    if device == 'cpu':
        return found

    def mmcv_kernel(*tensors):
        return mmcv.MultiScaleDeformableAttnFunction.apply(*tensors, 64)

    found['mmcv kernel'] = mmcv_kernel
    try:
        original = import_module('functions.ms_deform_attn_func').MSDeformAttnFunction
        found['original kernel'] = lambda *tensors: original.apply(*tensors, 64)
    except ImportError:
        print('original kernel: Deformable-DETR/models/ops is not on PYTHONPATH, or not built')
    try:
        triton = import_module('msda_triton').triton_multiscale_deformable_attention
        found['triton'] = lambda v, s, i, p, w: triton(v, s, p, w, padding_mode='zeros', align_corners=False).flatten(2)
    except ImportError:
        print('triton: msda-triton is not installed')
    return found


def usable(found: dict[str, Implementation], inputs: tuple[torch.Tensor, ...]) -> dict[str, Implementation]:
    """Leaves out what cannot run here, and says so; checks that all others agree with ours."""
    expected = ms_deform_attn(*inputs).float()
    kept = {}
    for name, function in found.items():
        try:
            got = function(*inputs).float()
        except (NotImplementedError, RuntimeError, TypeError, AttributeError, ValueError) as error:
            print(f'{name}: left out, {str(error).splitlines()[0]}')
            continue
        difference = ((got - expected).abs().max() / expected.abs().max()).item()
        print(f'{name}: differs by {difference:.1e} of the largest output')
        kept[name] = function
    return kept


class Timer:
    """Milliseconds of one call: on a GPU by CUDA events with a cold L2 cache, else by the wall clock or, for machines
    that are busy with other things, the processor time of the process."""

    def __init__(self, device: str, clock: str) -> None:
        self.clock = time.process_time if clock == 'cpu' else time.perf_counter
        self.on_gpu = device.startswith('cuda')
        self.flush = torch.empty(256 * 2**20, dtype=torch.int8, device=device) if self.on_gpu else None

    def __call__(self, function: Callable[[], object]) -> float:
        if not self.on_gpu:
            start = self.clock()
            function()
            return (self.clock() - start) * 1e3
        self.flush.zero_()
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        function()
        end.record()
        torch.cuda.synchronize()
        return begin.elapsed_time(end)


def forward_backward(function: Implementation, inputs: tuple[torch.Tensor, ...], grad: torch.Tensor) -> None:
    leaves = [tensor.detach().requires_grad_() if tensor.is_floating_point() else tensor for tensor in inputs]
    function(*leaves).backward(grad)


def measure(
    functions: dict[str, Implementation], inputs: tuple[torch.Tensor, ...], timer: Timer, repeats: int, budget: float
) -> dict[str, dict[str, list[float]]]:
    """Times all implementations in turn: at least three rounds, at most `repeats`, about `budget` seconds per set."""
    grad = torch.randn_like(ms_deform_attn(*inputs))
    calls = {}
    for name, function in functions.items():
        calls[name, 'forward'] = lambda function=function: torch.no_grad()(function)(*inputs)
        calls[name, 'forward+backward'] = lambda function=function: forward_backward(function, inputs, grad)
    times: dict[str, dict[str, list[float]]] = {name: {} for name in functions}
    for call in calls.values():
        call()
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
    """Growth of the process's peak memory by one call, measured in a process of its own."""
    command = [sys.executable, __file__, '--memory-of', shape, name, kind, '--device', arguments.device]
    command += ['--threads', str(arguments.threads)]
    environment = {**os.environ, 'PYTHONPATH': str(Path(__file__).resolve().parents[1])}
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return int(result.stdout.split()[-1])


def print_memory(shape: ShapeSet, name: str, kind: str, device: str) -> None:
    small = make_inputs(ShapeSet('warm', 1, ((8, 8), (4, 4), (2, 2), (1, 1)), None), torch.float32, device)
    inputs = make_inputs(shape, torch.float32, device)
    function = find_implementations(device)[name]
    for tensors in (small, inputs):
        if tensors is inputs:
            # Resident now, not the peak so far: making the inputs needed more than they keep.
            resident = int(Path('/proc/self/statm').read_text().split()[1]) * resource.getpagesize()
            Path('/proc/self/clear_refs').write_text('5')
            if device.startswith('cuda'):
                torch.cuda.reset_peak_memory_stats()
                resident = torch.cuda.memory_allocated()
        if kind == 'forward':
            torch.no_grad()(function)(*tensors)
        else:
            forward_backward(function, tensors, torch.ones_like(ms_deform_attn(*tensors)))
    if device.startswith('cuda'):
        print(torch.cuda.max_memory_allocated() - resident)
        return
    status = Path('/proc/self/status').read_text()
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith('VmHWM'))
    print(max(0, peak - resident))


def scaling(timer: Timer, dtype: torch.dtype, device: str, repeats: int) -> list[dict]:
    """Forward time per query, from 1,000 to 100,000 queries on one picture."""
    rows = []
    for queries in (1000, 3000, 10000, 30000, 100000):
        inputs = make_inputs(ShapeSet('scaling', 1, DINO_LEVELS, queries), dtype, device)
        grad = torch.randn_like(ms_deform_attn(*inputs))
        forward = [timer(lambda inputs=inputs: torch.no_grad()(ms_deform_attn)(*inputs)) for _ in range(repeats)]
        both = [timer(lambda i=inputs, g=grad: forward_backward(ms_deform_attn, i, g)) for _ in range(repeats)]
        rows.append({'queries': queries, 'forward': summary(forward[1:]), 'forward+backward': summary(both[1:])})
    return rows


def table(results: list[dict]) -> str:
    """The measurements as a Markdown table, one line per set, kind and implementation."""
    lines = ['| set | type | what | implementation | median ms | quartiles | runs | ours is faster by |']
    lines.append('| --- | --- | --- | --- | ---: | --- | ---: | ---: |')
    for row in results:
        ours = row['figures']['ours']
        for name, kinds in row['figures'].items():
            for kind, figures in kinds.items():
                ratio = figures['median_ms'] / ours[kind]['median_ms']
                spread = f'{figures["quartile_1_ms"]:.2f} to {figures["quartile_3_ms"]:.2f}'
                lines.append(
                    f'| {row["set"]} | {row["dtype"]} | {kind} | {name} | {figures["median_ms"]:.2f} | {spread} '
                    f'| {figures["runs"]} | {ratio:.2f} |'
                )
    return '\n'.join(lines)


def draw(results: list[dict], path: Path) -> None:
    """Bars of how much faster ours is than the pure PyTorch path."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    rows = [row for row in results if 'pytorch' in row['figures']]
    figure, axes = pyplot.subplots(figsize=(9, 0.5 * len(rows) + 1.5), layout='constrained')
    for shift, kind in ((-0.2, 'forward'), (0.2, 'forward+backward')):
        ratios = [
            row['figures']['pytorch'][kind]['median_ms'] / row['figures']['ours'][kind]['median_ms'] for row in rows
        ]
        bars = axes.barh([i + shift for i in range(len(rows))], ratios, height=0.38, label=kind)
        axes.bar_label(bars, fmt='%.1f', padding=3)
    axes.set_yticks(range(len(rows)), [f'{row["set"]} {row["dtype"]}' for row in rows])
    axes.invert_yaxis()
    axes.axvline(1, color='black', linewidth=0.8)
    axes.set_xlabel('times as fast as the pure PyTorch path')
    axes.legend()
    figure.savefig(path, dpi=150)


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
    parser.add_argument('--memory', action='store_true', help='also measure peak memory (Linux)')
    parser.add_argument('--scaling', action='store_true', help='also measure 1,000 to 100,000 queries')
    parser.add_argument('--out-dir', type=Path, help='folder of table.md, figures.json and plot.png')
    parser.add_argument('--memory-of', nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    """Command line, see the module."""
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    by_name = {shape.name: shape for shape in SETS}
    if arguments.memory_of:
        print_memory(by_name[arguments.memory_of[0]], *arguments.memory_of[1:], arguments.device)
        return 0
    left_out = TOO_LARGE_FOR_CPU if arguments.device == 'cpu' else ()
    names = arguments.sets or [name for name in by_name if name not in left_out]
    report = {
        'device': torch.cuda.get_device_name() if arguments.device != 'cpu' else 'cpu',
        'threads': arguments.threads, 'clock': arguments.clock, 'torch': torch.__version__, 'backend': backend_info(),
        'load_before': os.getloadavg(), 'results': [], 'memory': [], 'scaling': [],
    }  # fmt: skip
    timer = Timer(arguments.device, arguments.clock)
    for dtype in arguments.dtypes:
        for name in names:
            print(f'-- {name} {dtype}', flush=True)
            inputs = make_inputs(by_name[name], DTYPES[dtype], arguments.device)
            functions = usable(find_implementations(arguments.device), inputs)
            times = measure(functions, inputs, timer, arguments.repeats, arguments.budget)
            figures = {who: {kind: summary(ms) for kind, ms in kinds.items()} for who, kinds in times.items()}
            report['results'].append({'set': name, 'shape': asdict(by_name[name]), 'dtype': dtype, 'figures': figures})
            print(table(report['results'][-1:]), flush=True)
            for kind in ('forward', 'forward+backward') if arguments.memory and dtype == 'float32' else ():
                extra = {who: peak_extra_bytes(arguments, name, who, kind) for who in ('ours', 'pytorch')}
                report['memory'].append({'set': name, 'kind': kind, 'bytes': extra})
                megabytes = {who: f'{number / 2**20:.1f} MiB' for who, number in extra.items()}
                print(f'peak extra memory, {kind}: {megabytes}')
    if arguments.scaling:
        report['scaling'] = scaling(timer, DTYPES[arguments.dtypes[0]], arguments.device, 8)
        for row in report['scaling']:
            each = [row[kind]['median_ms'] * 1e3 / row['queries'] for kind in ('forward', 'forward+backward')]
            print(f'{row["queries"]} queries: {each[0]:.2f} us each forward, {each[1]:.2f} forward+backward')
    report['load_after'] = os.getloadavg()
    text = table(report['results'])
    print(text)
    if arguments.out_dir:
        arguments.out_dir.mkdir(parents=True, exist_ok=True)
        (arguments.out_dir / 'table.md').write_text(text + '\n')
        (arguments.out_dir / 'figures.json').write_text(json.dumps(report, indent=1) + '\n')
        draw(report['results'], arguments.out_dir / 'plot.png')
    return 0


if __name__ == '__main__':
    sys.exit(main())
