"""From a model's own score to a probability."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from difftracker.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ScoreCalibration:
    """A monotone map of scores: `sigmoid(logit(score) / temperature + bias)`.

    Temperature scaling (Guo et al., 2017) on the logit of the final score, with a bias as in Platt's (1999) method
    where one temperature is not enough. The order of boxes stays, and scores of exactly 0 and 1, which are facts and
    no estimates, stay too.

    Attributes:
        temperature: Above 1 draws scores together, below 1 apart.
        bias: Added to the logit.

    Raises:
        ConfigError: The temperature is not above 0, or one of them is not finite.
    """

    temperature: float = 1.0
    bias: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature > 0 and math.isfinite(self.bias)):
            raise ConfigError(
                f'calibration: expected a temperature above 0 and a finite bias, '
                f'found {self.temperature} and {self.bias}'
            )

    def __call__(self, scores: Tensor) -> Tensor:
        """Maps scores in `[0, 1]` of any shape."""
        return (scores.logit() / self.temperature + self.bias).sigmoid()
