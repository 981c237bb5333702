"""Multi-scale deformable attention in plain PyTorch: always there, and the yardstick of the compiled kernels.

Method: Zhu et al., "Deformable DETR" (arXiv 2010.04159), equation 3: each level is sampled bilinearly at the points of
each query and head, and the samples are summed with the attention weights.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


def compute_dtype(value_dtype: torch.dtype) -> torch.dtype:
    """The precision of positions, weights and sums: float64 for float64 values, float32 for all others."""
    return torch.float64 if value_dtype == torch.float64 else torch.float32


def _inside_reach(locations: torch.Tensor) -> torch.Tensor:
    """Moves points that cannot touch the picture to a finite place outside it.

    A point at -1 or 2 is at least half a pixel beyond any zero-padded border, so its sample and its gradient are zero,
    as the zero padding demands; NaN, infinite and huge points would else reach undefined integer conversions.
    """
    return locations.nan_to_num(nan=-1.0, posinf=2.0, neginf=-1.0).clamp(-1.0, 2.0)


def _level_weights(weights: torch.Tensor, grid: torch.Tensor, picture: torch.Tensor, level: int) -> torch.Tensor:
    """One level's weights as `(B * H, Q, P)`, zero for points that touch no cell: their sample is zero, whatever the
    weight, also where that is NaN or infinite and a product with zero would not be.
    """
    size = torch.tensor([picture.shape[3], picture.shape[2]], dtype=grid.dtype, device=grid.device)
    touches = (grid.abs() < 1 + 1 / size).all(-1)
    return _heads_first(weights, level).where(touches, 0)


def _split_levels(value: torch.Tensor, spatial_shapes: torch.Tensor) -> list[torch.Tensor]:
    """Cuts `(B, S, H, D)` values into one `(B * H, D, height, width)` picture per level."""
    batch, _, heads, dim = value.shape
    sizes = [(int(height), int(width)) for height, width in spatial_shapes.tolist()]
    parts = value.split([height * width for height, width in sizes], dim=1)
    return [
        part.flatten(2).transpose(1, 2).reshape(batch * heads, dim, height, width)
        for part, (height, width) in zip(parts, sizes)
    ]


def _heads_first(tensor: torch.Tensor, level: int) -> torch.Tensor:
    """One level of `(B, Q, H, L, P, ...)` as `(B * H, Q, P, ...)`."""
    return tensor[:, :, :, level].transpose(1, 2).flatten(0, 1)


def ms_deform_attn_reference(
    value: torch.Tensor,
    spatial_shapes: torch.Tensor,
    sampling_locations: torch.Tensor,
    attention_weights: torch.Tensor,
) -> torch.Tensor:
    """Multi-scale deformable attention by `grid_sample`, one level after the other.

    Args:
        value: Features of all levels, `(B, S, H, D)`; float64, float32, float16 or bfloat16.
        spatial_shapes: Height and width of each level, `(L, 2)` int64; their areas sum to S.
        sampling_locations: Points as (x, y) in the frame where a level spans [0, 1], `(B, Q, H, L, P, 2)`.
        attention_weights: Weight of each point, `(B, Q, H, L, P)`.

    Returns:
        `(B, Q, H * D)` in the type of `value`. Points outside a level see zeros, NaN points contribute zero.
    """
    batch, _, heads, dim = value.shape
    queries = sampling_locations.shape[1]
    exact = compute_dtype(value.dtype)
    output = value.new_zeros((batch * heads, dim, queries), dtype=exact)
    if output.numel():
        grids = 2 * _inside_reach(sampling_locations.to(exact)) - 1
        weights = attention_weights.to(exact)
        for level, picture in enumerate(_split_levels(value.to(exact), spatial_shapes)):
            grid = _heads_first(grids, level)
            samples = F.grid_sample(picture, grid, padding_mode='zeros', align_corners=False)
            output = output + (samples * _level_weights(weights, grid, picture, level)[:, None]).sum(-1)
    return output.view(batch, heads * dim, queries).transpose(1, 2).contiguous().to(value.dtype)


def ms_deform_attn_backward_reference(
    grad_output: torch.Tensor,
    value: torch.Tensor,
    spatial_shapes: torch.Tensor,
    sampling_locations: torch.Tensor,
    attention_weights: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Gradients of `ms_deform_attn_reference`, written out because autograd is off inside an operator.

    Args:
        grad_output: Gradient of the output, `(B, Q, H * D)`.
        value, spatial_shapes, sampling_locations, attention_weights: As in the forward call.

    Returns:
        Gradients of `value`, `sampling_locations` and `attention_weights`, each in the type of its tensor.
    """
    batch, length, heads, dim = value.shape
    queries = sampling_locations.shape[1]
    exact = compute_dtype(value.dtype)
    grad_value = value.new_zeros((batch, length, heads, dim), dtype=exact)
    # Contiguous whatever the inputs are, as the fake kernel promises to compiled graphs.
    grad_locations = value.new_zeros(sampling_locations.shape, dtype=exact)
    grad_weights = value.new_zeros(attention_weights.shape, dtype=exact)
    if grad_output.numel():
        locations, weights = sampling_locations.to(exact), attention_weights.to(exact)
        grids = 2 * _inside_reach(locations) - 1
        grad_sums = grad_output.to(exact).view(batch, queries, heads, dim).permute(0, 2, 3, 1).reshape(-1, dim, queries)
        begin = 0
        for level, picture in enumerate(_split_levels(value.to(exact), spatial_shapes)):
            grid = _heads_first(grids, level)
            samples = F.grid_sample(picture, grid, padding_mode='zeros', align_corners=False)
            by_weight = (samples * grad_sums[..., None]).sum(1)
            grad_samples = grad_sums[..., None] * _level_weights(weights, grid, picture, level)[:, None]
            by_picture, by_grid = torch.ops.aten.grid_sampler_2d_backward(
                grad_samples, picture, grid, 0, 0, False, [True, True]
            )
            end = begin + picture[0, 0].numel()
            grad_value[:, begin:end] = by_picture.view(batch, heads, dim, -1).permute(0, 3, 1, 2)
            grad_weights[:, :, :, level] = by_weight.unflatten(0, (batch, heads)).transpose(1, 2)
            grad_locations[:, :, :, level] = 2 * by_grid.unflatten(0, (batch, heads)).transpose(1, 2)
            begin = end
    return (
        grad_value.to(value.dtype),
        grad_locations.to(sampling_locations.dtype),
        grad_weights.to(attention_weights.dtype),
    )
