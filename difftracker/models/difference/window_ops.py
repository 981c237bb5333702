"""Sliding-window correlation and averaging between two maps, with gradients that reuse their buffers.

Written as autograd functions: the plain form, one slice and product per offset, makes autograd fill a zero map for
every slice, which costs more than the arithmetic.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def _windows(padded: Tensor, window: int) -> list[Tensor]:
    """Views of `(B, C, H + w - 1, W + w - 1)`, one `(B, C, H, W)` per offset, rows first."""
    height, width = padded.shape[-2] - window + 1, padded.shape[-1] - window + 1
    return [padded[..., y : y + height, x : x + width] for y in range(window) for x in range(window)]


def _pad(x: Tensor, window: int) -> Tensor:
    return F.pad(x, (window // 2,) * 4)


def _crop(x: Tensor, window: int) -> Tensor:
    radius = window // 2
    return x[..., radius : x.shape[-2] - radius, radius : x.shape[-1] - radius]


class WindowCorrelation(torch.autograd.Function):
    """Dot product of each cell with each cell in a window of the other map.

    `query` and `key` are `(B, C, H, W)`, the result is `(B, window * window, H, W)`; outside the map keys are zero.
    """

    @staticmethod
    def forward(ctx, query: Tensor, key: Tensor, window: int) -> Tensor:
        padded = _pad(key, window)
        ctx.save_for_backward(query, padded)
        ctx.window = window
        return torch.stack([(query * view).sum(1) for view in _windows(padded, window)], dim=1)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        query, padded = ctx.saved_tensors
        grad = grad.to(query.dtype)
        grad_query, grad_padded = torch.zeros_like(query), torch.zeros_like(padded)
        views = zip(_windows(padded, ctx.window), _windows(grad_padded, ctx.window), strict=True)
        for index, (view, grad_view) in enumerate(views):
            share = grad[:, index : index + 1]
            grad_query.addcmul_(share, view)
            grad_view.addcmul_(share, query)
        return grad_query, _crop(grad_padded, ctx.window), None


class WindowAverage(torch.autograd.Function):
    """Weighted sum over a window of a map.

    `weight` is `(B, window * window, H, W)`, `value` `(B, C, H, W)`, the result `(B, C, H, W)`; outside the map values
    are zero.
    """

    @staticmethod
    def forward(ctx, weight: Tensor, value: Tensor, window: int) -> Tensor:
        padded = _pad(value, window)
        ctx.save_for_backward(weight, padded)
        ctx.window = window
        out = torch.zeros_like(value)
        for index, view in enumerate(_windows(padded, window)):
            out.addcmul_(weight[:, index : index + 1], view)
        return out

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        weight, padded = ctx.saved_tensors
        grad = grad.to(padded.dtype)
        grad_weight, grad_padded = torch.empty_like(weight), torch.zeros_like(padded)
        views = zip(_windows(padded, ctx.window), _windows(grad_padded, ctx.window), strict=True)
        for index, (view, grad_view) in enumerate(views):
            grad_weight[:, index] = (grad * view).sum(1)
            grad_view.addcmul_(weight[:, index : index + 1], grad)
        return grad_weight, _crop(grad_padded, ctx.window), None
