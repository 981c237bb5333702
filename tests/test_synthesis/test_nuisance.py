"""What is not a change."""

from __future__ import annotations

import numpy as np
import pytest

from difftracker.errors import ConfigError
from difftracker.synthesis.nuisance import Nuisance, jpeg_round_trip


def _picture() -> np.ndarray:
    rows, cols = np.mgrid[0:120, 0:160]
    return np.stack([rows * 2 % 256, cols, (rows + cols) // 2 % 256], axis=-1).astype(np.uint8)


def test_two_draws_differ_and_one_draw_repeats() -> None:
    nuisance = Nuisance(1.0)
    first, again = (nuisance.apply(_picture(), np.random.default_rng(1)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, nuisance.apply(_picture(), np.random.default_rng(2)))


def test_the_picture_stays_recognisable_and_in_place() -> None:
    picture = _picture().astype(float)
    for seed in range(30):
        seen = Nuisance(1.0).apply(_picture(), np.random.default_rng(seed)).astype(float)
        assert seen.shape == picture.shape
        assert abs(seen.mean() - picture.mean()) < 60
        assert np.corrcoef(seen.ravel(), picture.ravel())[0, 1] > 0.9


def test_strength_zero_leaves_light_and_colour_alone() -> None:
    for seed in range(10):
        seen = Nuisance(0.0).apply(_picture(), np.random.default_rng(seed)).astype(float)
        assert np.abs(seen.mean(axis=(0, 1)) - _picture().mean(axis=(0, 1))).max() < 2.0


def test_an_impossible_strength_is_refused() -> None:
    with pytest.raises(ConfigError, match='strength'):
        Nuisance(-1.0)


def test_jpeg_keeps_the_channel_order() -> None:
    red = np.zeros((32, 32, 3), np.uint8)
    red[..., 0] = 200
    assert jpeg_round_trip(red, 90)[16, 16] == pytest.approx([200, 0, 0], abs=6)
