"""Checks of the arguments of `ms_deform_attn`: a clear Python error before any kernel runs."""

from __future__ import annotations

import torch

from difftracker.errors import DiffTrackerError

VALUE_DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)
ARGUMENTS = ('value', 'spatial_shapes', 'level_start_index', 'sampling_locations', 'attention_weights')
RANKS = (4, 2, 1, 6, 5)
LAYOUTS = ('(B, S, H, D)', '(L, 2)', '(L,)', '(B, Q, H, L, P, 2)', '(B, Q, H, L, P)')


class OperatorValueError(DiffTrackerError, ValueError):
    """Tensors given to an operator do not fit each other: ranks, sizes, level tables or devices."""


class OperatorTypeError(DiffTrackerError, TypeError):
    """A tensor given to an operator has a type that it does not take."""


def check_inputs(
    value: torch.Tensor,
    spatial_shapes: torch.Tensor,
    level_start_index: torch.Tensor,
    sampling_locations: torch.Tensor,
    attention_weights: torch.Tensor,
) -> None:
    """Checks ranks, sizes, types and devices; reads no tensor data, so it also runs while a graph is traced.

    Raises:
        OperatorValueError: A rank or size does not fit the others, a size that must not be zero is, or devices differ.
        OperatorTypeError: A tensor has a type that the operator does not take.
    """
    tensors = (value, spatial_shapes, level_start_index, sampling_locations, attention_weights)
    for name, tensor, rank, layout in zip(ARGUMENTS, tensors, RANKS, LAYOUTS):
        if tensor.dim() != rank:
            raise OperatorValueError(f'{name}: expected {rank} dimensions {layout}, got shape {tuple(tensor.shape)}')
        if tensor.device != value.device:
            raise OperatorValueError(f'{name}: expected on {value.device} as value is, got {tensor.device}')
    _check_dtypes(tensors)
    batch, _, heads, dim = value.shape
    levels, points = attention_weights.shape[3:]
    queries = attention_weights.shape[1]
    if heads == 0 or dim == 0 or points == 0 or levels == 0:
        raise OperatorValueError(
            'heads, channels per head, levels and points must not be zero, '
            f'got value {tuple(value.shape)} and attention_weights {tuple(attention_weights.shape)}'
        )
    expected = (
        (levels, 2), (levels,), (batch, queries, heads, levels, points, 2), (batch, queries, heads, levels, points)
    )  # fmt: skip
    for name, tensor, shape in zip(ARGUMENTS[1:], tensors[1:], expected):
        if tuple(tensor.shape) != shape:
            raise OperatorValueError(
                f'{name}: expected shape {shape} to fit value {tuple(value.shape)} and attention_weights '
                f'{tuple(attention_weights.shape)}, got {tuple(tensor.shape)}'
            )


def _check_dtypes(tensors: tuple[torch.Tensor, ...]) -> None:
    value = tensors[0]
    if value.dtype not in VALUE_DTYPES:
        raise OperatorTypeError(f'value: expected float64, float32, float16 or bfloat16, got {value.dtype}')
    for name, tensor in zip(ARGUMENTS[1:3], tensors[1:3]):
        if tensor.dtype != torch.int64:
            raise OperatorTypeError(f'{name}: expected int64, got {tensor.dtype}')
    allowed = (torch.float64,) if value.dtype == torch.float64 else (torch.float32, value.dtype)
    for name, tensor in zip(ARGUMENTS[3:], tensors[3:]):
        if tensor.dtype not in allowed:
            names = ' or '.join(str(dtype) for dtype in dict.fromkeys(allowed))
            raise OperatorTypeError(f'{name}: expected {names} for value of {value.dtype}, got {tensor.dtype}')


def check_levels(spatial_shapes: torch.Tensor, level_start_index: torch.Tensor, length: int) -> None:
    """Checks the content of the level tables; reads their data (waits for the device when they are on a GPU).

    Args:
        spatial_shapes: Height and width of each level, `(L, 2)` int64.
        level_start_index: First row of each level in the value, `(L,)` int64.
        length: S, the number of rows of the value.

    Raises:
        OperatorValueError: A level is empty, or the levels leave gaps or do not fill the value.
    """
    sizes = spatial_shapes.tolist()
    position = 0
    for level, ((height, width), start) in enumerate(zip(sizes, level_start_index.tolist())):
        if height < 1 or width < 1:
            raise OperatorValueError(f'spatial_shapes: level {level} is {height} x {width}, expected at least 1 x 1')
        if start != position:
            raise OperatorValueError(
                f'level_start_index: level {level} starts at {start}, expected {position} for {sizes}'
            )
        position += height * width
    if position != length:
        raise OperatorValueError(f'spatial_shapes: {sizes} cover {position} rows, but value has {length}')
