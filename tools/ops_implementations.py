"""Shape sets and implementations of deformable attention for `benchmark_ops.py`: ours, PyTorch's and other kernels."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import torch

from difftracker.ops import ms_deform_attn
from difftracker.ops.reference import ms_deform_attn_reference
from tools.original_kernel import build as build_original

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
    ShapeSet('bevformer-b1', 1, ((116, 200), (58, 100), (29, 50), (15, 25)), 40000, points=8),
    ShapeSet('triton-q1000', 4, SQUARES, 1000, points=3),
    ShapeSet('triton-q10000', 4, SQUARES, 10000, points=3),
)
# 20 GB and more for the pure PyTorch path.
TOO_LARGE_FOR_CPU = ('bevformer',)
# Ours with `torch.use_deterministic_algorithms(True)`, which changes the backward only, and only on a GPU.
DETERMINISTIC = 'ours deterministic'
KINDS = ('forward', 'forward+backward')
KERNELS = ('original kernel', 'mmcv kernel')
Implementation = Callable[..., torch.Tensor]


def on_gpu(device: str) -> bool:
    """Whether the device is an NVIDIA GPU."""
    return device.startswith('cuda')


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


def find_implementations(
    device: str, levels: list[list[int]], original: Implementation | None = None
) -> dict[str, Implementation]:
    """Ours, the pure PyTorch path, and on a GPU every other kernel that can be imported.

    Args:
        device: Where they will run.
        levels: Height and width of each level, for those that want them on the host.
        original: Deformable-DETR's kernel as `original_kernel` built it, if it did.
    """
    found = {'ours': ms_deform_attn}
    if on_gpu(device):
        found[DETERMINISTIC] = ms_deform_attn
    try:
        import_module('difftracker.registry')  # lets mmcv be imported without its extension
        mmcv = import_module('mmcv.ops.multi_scale_deform_attn')
    except ImportError:
        print('pytorch: mmcv is not installed; the pure PyTorch path is the one of difftracker')
        mmcv = None

    def pytorch(value, shapes, starts, locations, weights):
        locations, weights = locations.to(value.dtype), weights.to(value.dtype)
        if mmcv is None:
            return ms_deform_attn_reference(value, shapes, locations, weights)
        return mmcv.multi_scale_deformable_attn_pytorch(value, levels, locations, weights)

    found['pytorch'] = pytorch
    if on_gpu(device):
        found |= find_kernels(mmcv, original)
    return found


def original_kernel(sources: Path | None) -> Implementation | None:
    """Deformable-DETR's kernel from its sources, else its `models/ops` on PYTHONPATH; None where neither works."""
    try:
        if sources is not None:
            return build_original(sources)
        function = import_module('functions.ms_deform_attn_func').MSDeformAttnFunction
        return lambda *tensors: function.apply(*tensors, 64)
    except (ImportError, AttributeError):
        print('original kernel: no --original, and models/ops of Deformable-DETR is not on PYTHONPATH or not built')
    # Building fails in many ways; what the compiler says is long, and its beginning tells.
    except (OSError, RuntimeError, subprocess.CalledProcessError, zipfile.BadZipFile) as error:
        print(f'original kernel: does not build, {str(error)[:2000]}')
    return None


def find_kernels(mmcv: object | None, original: Implementation | None) -> dict[str, Implementation]:
    """GPU kernels of others: of Deformable-DETR, of mmcv, and msda-triton."""
    found = {} if original is None else {'original kernel': original}
    if mmcv is not None:
        found['mmcv kernel'] = lambda *tensors: mmcv.MultiScaleDeformableAttnFunction.apply(*tensors, 64)
    try:
        # Not the package's public function, which falls back to PyTorch code without a word.
        triton = import_module('msda_triton.frontend').triton_multiscale_deformable_attention

        def run_triton(value, shapes, starts, locations, weights):
            return triton(value, shapes, locations.to(value.dtype), weights.to(value.dtype), 'zeros', False).flatten(2)

        found['triton'] = run_triton
    except (ImportError, AttributeError):
        print('triton: msda-triton 0.1.1 is not installed')
    return found


def usable(found: dict[str, Implementation], inputs: tuple[torch.Tensor, ...]) -> dict[str, Implementation]:
    """Leaves out what cannot run here, forward or backward, and says so; tells how far all others are from ours."""
    expected = ms_deform_attn(*inputs)
    grad = torch.randn_like(expected)
    kept = {}
    for name, function in found.items():
        try:
            got = function(*inputs)
            forward_backward(name, function, inputs, grad)
        # Kernels of others fail in many ways; out of memory is a RuntimeError.
        except (NotImplementedError, RuntimeError, TypeError, AttributeError, ValueError, AssertionError) as error:
            print(f'{name}: left out, {(str(error).splitlines() or [type(error).__name__])[0]}')
            if name == 'ours':
                raise
            continue
        difference = ((got.float() - expected.float()).abs().max() / expected.float().abs().max()).item()
        print(f'{name}: differs by {difference:.1e} of the largest output')
        kept[name] = function
    return kept


def bytes_to_move(inputs: tuple[torch.Tensor, ...], kind: str) -> int:
    """Bytes that any implementation must at least read or write, each tensor once.

    Forward reads the value, the locations and the weights and writes the output. The backward reads the same three and
    the output's gradient, and writes the gradients of the three.
    """
    value, _, _, locations, weights = inputs
    read = sum(tensor.numel() * tensor.element_size() for tensor in (value, locations, weights))
    output = locations.shape[0] * locations.shape[1] * value.shape[2] * value.shape[3] * value.element_size()
    return read + output if kind == 'forward' else 3 * read + 2 * output


@contextmanager
def deterministic_algorithms(wanted: bool) -> Iterator[None]:
    """PyTorch's deterministic mode, if wanted, within the block."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(wanted)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def forward_backward(name: str, function: Implementation, inputs: tuple[torch.Tensor, ...], grad: torch.Tensor) -> None:
    """One forward and backward pass with gradients of the value, the locations and the weights."""
    leaves = [tensor.detach().requires_grad_() if tensor.is_floating_point() else tensor for tensor in inputs]
    with deterministic_algorithms(name == DETERMINISTIC):
        function(*leaves).backward(grad)
