"""The noise of seeds against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from difftracker.analysis.seed_noise import SeedNoise


def test_two_ablations_by_hand():
    # Deviations of 1 and 1 from 11, of 3, 0 and 3 from 23: squares sum to 20, with 1 + 2 degrees of freedom.
    noise = SeedNoise.of([[10, 12], [20, 23, 26], [7]])
    assert noise.freedom == 3
    assert noise.spread == pytest.approx((20 / 3) ** 0.5)
    # Student's t for 3 degrees of freedom, two-sided 95 per cent, from a printed table.
    assert noise.limit(2, 3) == pytest.approx(3.182 * (20 / 3) ** 0.5 * (1 / 2 + 1 / 3) ** 0.5, rel=1e-3)


def test_one_seed_tells_no_noise():
    noise = SeedNoise.of([[10], [20]])
    assert noise.spread is None and noise.limit(1, 1) is None


def test_one_difference_in_twenty_is_clear_where_nothing_differs():
    rng = np.random.default_rng(0)
    clear = 0
    for _ in range(2000):
        values = rng.normal(0.7, 0.01, (12, 2))
        difference = values[1].mean() - values[0].mean()
        clear += abs(difference) > SeedNoise.of(values.tolist()).limit(2, 2)
    assert clear / 2000 == pytest.approx(0.05, abs=0.015)
