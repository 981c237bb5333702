"""Window correlation and averaging against loops, and their gradients against differences."""

from __future__ import annotations

import pytest
import torch

from difftracker.models.difference.window_ops import WindowAverage, WindowCorrelation


def cells(window, height, width):
    """Offset number, place and the place that the offset leads to, where that is inside the map."""
    radius = window // 2
    for number in range(window * window):
        dy, dx = number // window - radius, number % window - radius
        for y in range(height):
            for x in range(width):
                if 0 <= y + dy < height and 0 <= x + dx < width:
                    yield number, y, x, y + dy, x + dx


@pytest.mark.parametrize('window', [1, 3, 5])
def test_correlation_is_the_dot_product_of_each_place(window):
    query, key = torch.randn(2, 2, 3, 4, 5).unbind(0)
    expected = torch.zeros(2, window**2, 4, 5)
    for number, y, x, other_y, other_x in cells(window, 4, 5):
        expected[:, number, y, x] = (query[:, :, y, x] * key[:, :, other_y, other_x]).sum(1)
    torch.testing.assert_close(WindowCorrelation.apply(query, key, window), expected)


@pytest.mark.parametrize('window', [1, 3, 5])
def test_average_is_the_weighted_sum_of_each_place(window):
    weight, value = torch.randn(2, window**2, 4, 5), torch.randn(2, 3, 4, 5)
    expected = torch.zeros(2, 3, 4, 5)
    for number, y, x, other_y, other_x in cells(window, 4, 5):
        expected[:, :, y, x] += weight[:, number, y, x, None] * value[:, :, other_y, other_x]
    torch.testing.assert_close(WindowAverage.apply(weight, value, window), expected)


@pytest.mark.parametrize('window', [1, 3, 5])
@pytest.mark.parametrize(('operator', 'channels'), [(WindowCorrelation, 2), (WindowAverage, None)])
def test_gradients(operator, channels, window):
    first = torch.randn(1, channels or window**2, 3, 4, dtype=torch.float64, requires_grad=True)
    second = torch.randn(1, 2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: operator.apply(a, b, window), (first, second))


@pytest.mark.parametrize(('operator', 'channels'), [(WindowCorrelation, 2), (WindowAverage, 9)])
def test_bfloat16_with_a_float_gradient(operator, channels):
    first, second = (torch.randn(1, c, 3, 4, dtype=torch.bfloat16, requires_grad=True) for c in (channels, 2))
    operator.apply(first, second, 3).float().square().sum().backward()
    assert first.grad.dtype == second.grad.dtype == torch.bfloat16
    assert first.grad.isfinite().all() and first.grad.any() and second.grad.isfinite().all() and second.grad.any()
