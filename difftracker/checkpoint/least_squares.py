"""Ridge regression over samples that come in pieces."""

from __future__ import annotations

import torch
from torch import Tensor


class LeastSquares:
    """Fits `y = W x + b` to samples that are added piece by piece; only their second moments are kept.

    Args:
        inputs, outputs: Widths of x and y.
        bias: Fit `b`; without it the line goes through zero.
        ridge: Added to the diagonal of the moments of x, as a share of their mean: directions in which x hardly varies
            get small weights.
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True, ridge: float = 1e-4) -> None:
        self.bias, self.ridge = bias, ridge
        self.inputs = inputs
        size = inputs + 1
        self._xx = torch.zeros(size, size, dtype=torch.float64)
        self._xy = torch.zeros(size, outputs, dtype=torch.float64)
        self._yy = torch.zeros(outputs, dtype=torch.float64)

    def add(self, x: Tensor, y: Tensor) -> None:
        """Adds `(N, inputs)` and `(N, outputs)` samples."""
        x, y = x.double(), y.double()
        x = torch.cat([x, x.new_ones(len(x), 1)], dim=1)
        self._xx += x.T @ x
        self._xy += x.T @ y
        self._yy += (y * y).sum(0)

    def solve(self) -> tuple[Tensor, Tensor | None, float]:
        """Solves for what was added.

        Returns:
            `(outputs, inputs)` weight, `(outputs,)` bias or None, both float32, and the share of the variance of y
            (without a bias: of its squares) that is explained.
        """
        used = self.inputs + self.bias
        moments, products = self._xx[:used, :used].clone(), self._xy[:used]
        diagonal = moments.diagonal()[: self.inputs]
        diagonal += self.ridge * diagonal.mean()
        solution = torch.linalg.solve(moments, products)
        left = self._yy - 2 * (solution * products).sum(0) + (solution * (self._xx[:used, :used] @ solution)).sum(0)
        total = self._yy - self._xy[-1] ** 2 / self._xx[-1, -1] if self.bias else self._yy
        weight = solution[: self.inputs].T.float()
        return weight, solution[-1].float() if self.bias else None, float(1 - left.sum() / total.sum())
