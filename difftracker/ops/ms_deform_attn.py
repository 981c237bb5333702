"""The operator `difftracker::ms_deform_attn`: schema, fake kernels, autograd and autocast rules, public function.

The dispatcher picks the tier: a compiled library registers kernels for its devices, and the pure PyTorch reference is
registered for every device as the fallback beneath them.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from . import backend
from .checks import check_inputs, check_levels
from .reference import compute_dtype, ms_deform_attn_backward_reference, ms_deform_attn_reference

_LIBRARY = torch.library.Library('difftracker', 'DEF')
_LIBRARY.define(
    'ms_deform_attn(Tensor value, Tensor spatial_shapes, Tensor level_start_index, Tensor sampling_locations, '
    'Tensor attention_weights) -> Tensor'
)
_LIBRARY.define(
    'ms_deform_attn_backward(Tensor grad_output, Tensor value, Tensor spatial_shapes, Tensor level_start_index, '
    'Tensor sampling_locations, Tensor attention_weights, bool deterministic) -> (Tensor, Tensor, Tensor)'
)


def _forward(value, spatial_shapes, level_start_index, sampling_locations, attention_weights):
    check_inputs(value, spatial_shapes, level_start_index, sampling_locations, attention_weights)
    check_levels(spatial_shapes, level_start_index, value.shape[1])
    return ms_deform_attn_reference(value, spatial_shapes, sampling_locations, attention_weights)


def _backward(grad, value, spatial_shapes, level_start_index, sampling_locations, attention_weights, deterministic):
    check_inputs(value, spatial_shapes, level_start_index, sampling_locations, attention_weights)
    check_levels(spatial_shapes, level_start_index, value.shape[1])
    # PyTorch itself refuses grid_sample's backward on CUDA under deterministic algorithms, so the flag is honoured.
    return ms_deform_attn_backward_reference(grad, value, spatial_shapes, sampling_locations, attention_weights)


_LIBRARY.impl('ms_deform_attn', _forward, 'CompositeExplicitAutograd')
_LIBRARY.impl('ms_deform_attn_backward', _backward, 'CompositeExplicitAutograd')


@torch.library.register_fake('difftracker::ms_deform_attn')
def _fake_forward(value, spatial_shapes, level_start_index, sampling_locations, attention_weights):
    check_inputs(value, spatial_shapes, level_start_index, sampling_locations, attention_weights)
    batch, _, heads, dim = value.shape
    return value.new_empty(batch, sampling_locations.shape[1], heads * dim)


@torch.library.register_fake('difftracker::ms_deform_attn_backward')
def _fake_backward(
    grad, value, spatial_shapes, level_start_index, sampling_locations, attention_weights, deterministic
):
    return tuple(tensor.new_empty(tensor.shape) for tensor in (value, sampling_locations, attention_weights))


def _setup_context(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


def _autograd_backward(ctx, grad_output):
    value, spatial_shapes, level_start_index, locations, weights = ctx.saved_tensors
    grad_value, grad_locations, grad_weights = torch.ops.difftracker.ms_deform_attn_backward(
        grad_output, value, spatial_shapes, level_start_index, locations, weights,
        torch.are_deterministic_algorithms_enabled(),
    )  # fmt: skip
    return grad_value, None, None, grad_locations, grad_weights


def _no_second_backward(ctx, *grads):
    raise NotImplementedError('difftracker::ms_deform_attn has no second derivative')


torch.library.register_autograd('difftracker::ms_deform_attn', _autograd_backward, setup_context=_setup_context)
torch.library.register_autograd('difftracker::ms_deform_attn_backward', _no_second_backward)


def _register_autocast(key: str, device_type: str) -> None:
    keys = torch._C.DispatchKeySet(getattr(torch._C.DispatchKey, key))

    def autocast(value, spatial_shapes, level_start_index, sampling_locations, attention_weights):
        # Only the values follow autocast: half precision positions would move points by whole cells on large levels.
        if value.dtype != torch.float64:
            value = value.to(torch.get_autocast_dtype(device_type))
            sampling_locations, attention_weights = sampling_locations.float(), attention_weights.float()
        with torch._C._ExcludeDispatchKeyGuard(keys):
            return torch.ops.difftracker.ms_deform_attn(
                value, spatial_shapes, level_start_index, sampling_locations, attention_weights
            )

    _LIBRARY.impl('ms_deform_attn', autocast, key)


_register_autocast('AutocastCPU', 'cpu')
_register_autocast('AutocastCUDA', 'cuda')


@contextmanager
def reference_kernels() -> Iterator[None]:
    """Within it, the pure PyTorch code runs in place of the compiled kernels, in the whole process.

    For comparisons within one process; `DIFFTRACKER_OPS=reference` does the same from the start. What was compiled by
    `torch.compile` calls the operator through the dispatcher and so changes with it.

    Example:
        >>> with reference_kernels():
        ...     output = ms_deform_attn(value, shapes, starts, points, weights)
    """
    override = torch.library.Library('difftracker', 'IMPL')
    backend.reference_blocks += 1
    try:
        with warnings.catch_warnings():
            # PyTorch warns of kernels that are replaced, as is wanted here.
            warnings.simplefilter('ignore', UserWarning)
            for key in ('CPU', 'CUDA'):
                override.impl('ms_deform_attn', _forward, key)
                override.impl('ms_deform_attn_backward', _backward, key)
        yield
    finally:
        # The dispatcher then has the kernels again that were registered before.
        override._destroy()
        backend.reference_blocks -= 1


class _CheckedLevels:
    """Remembers which level tables were read, so that a GPU is waited for once per table, not once per layer."""

    def __init__(self) -> None:
        self._seen: tuple[weakref.ref, weakref.ref, tuple[int, ...]] | None = None

    def check(self, spatial_shapes: torch.Tensor, level_start_index: torch.Tensor, length: int) -> None:
        tables = (spatial_shapes, level_start_index)
        # Those of inference mode do not count their changes. On a GPU they are taken to have none, since reading them
        # again would wait for the device in every layer; the kernels stay within their memory whatever a table says.
        uncounted = any(table.is_inference() for table in tables)
        if uncounted and not spatial_shapes.is_cuda:
            check_levels(spatial_shapes, level_start_index, length)
            return
        key = (length, *(() if uncounted else (table._version for table in tables)))
        seen = self._seen
        if seen and seen[0]() is spatial_shapes and seen[1]() is level_start_index and seen[2] == key:
            return
        check_levels(spatial_shapes, level_start_index, length)
        self._seen = (weakref.ref(spatial_shapes), weakref.ref(level_start_index), key)


_CHECKED_LEVELS = _CheckedLevels()


def _readable(tensor: torch.Tensor) -> bool:
    """Whether a tensor's data can be read now: not in a graph being traced or captured, nor of one without data."""
    if torch.compiler.is_compiling() or tensor.is_meta or type(tensor) is not torch.Tensor:
        return False
    return not (tensor.is_cuda and torch.cuda.is_current_stream_capturing())


def ms_deform_attn(
    value: torch.Tensor,
    spatial_shapes: torch.Tensor,
    level_start_index: torch.Tensor,
    sampling_locations: torch.Tensor,
    attention_weights: torch.Tensor,
) -> torch.Tensor:
    """Multi-scale deformable attention on the fastest tier that the device has.

    Args:
        value: Features of all levels, `(B, S, H, D)`; float64, float32, float16 or bfloat16.
        spatial_shapes: Height and width of each level, `(L, 2)` int64; their areas sum to S.
        level_start_index: First row of each level in `value`, `(L,)` int64.
        sampling_locations: Points as (x, y) in the frame where a level spans [0, 1], `(B, Q, H, L, P, 2)`; float32 or
            the type of `value` (float64 with float64 values). Any number is allowed, see below.
        attention_weights: Weight of each point, `(B, Q, H, L, P)`, typed like `sampling_locations`.

    Returns:
        `(B, Q, H * D)` in the type of `value`. Positions and sums are computed in float32 (float64 for float64).
        Outside a level there are zeros; a NaN or infinite point contributes zero and gets no gradient.

    Raises:
        OperatorValueError: A rank, size or level table does not fit the others, or devices differ. A `ValueError` too.
        OperatorTypeError: A tensor has a type that the operator does not take. A `TypeError` too.

    Example:
        >>> value = torch.rand(1, 20, 8, 32)
        >>> shapes, starts = torch.tensor([[4, 4], [2, 2]]), torch.tensor([0, 16])
        >>> points, weights = torch.rand(1, 5, 8, 2, 4, 2), torch.rand(1, 5, 8, 2, 4)
        >>> ms_deform_attn(value, shapes, starts, points, weights).shape
        torch.Size([1, 5, 256])
    """
    check_inputs(value, spatial_shapes, level_start_index, sampling_locations, attention_weights)
    if _readable(spatial_shapes) and _readable(level_start_index):
        _CHECKED_LEVELS.check(spatial_shapes, level_start_index, value.shape[1])
    exact = compute_dtype(value.dtype)
    return torch.ops.difftracker.ms_deform_attn(
        value, spatial_shapes, level_start_index, sampling_locations.to(exact), attention_weights.to(exact)
    )
