"""Filling holes."""

from __future__ import annotations

import numpy as np
import pytest

from difftracker.synthesis.hole_filler import HoleFiller
from difftracker.synthesis.raster import dilate

SHAPE = (180, 260)


def _ground(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    light = 110 + 0.3 * rows + 12 * np.sin(cols / 9.0)
    return np.clip(light[..., None] + rng.normal(0, 4, (*SHAPE, 1)) + np.array([0, 8, 16]), 0, 255).astype(np.uint8)


def _with_disc(image: np.ndarray, radius: int) -> tuple[np.ndarray, np.ndarray]:
    rows, cols = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    disc = (rows - 90) ** 2 + (cols - 120) ** 2 <= radius**2
    painted = image.copy()
    painted[disc] = (220, 20, 20)
    return painted, disc


@pytest.mark.parametrize('radius', [3, 12, 26])
def test_nothing_of_the_objects_colour_is_left(radius: int) -> None:
    image, disc = _with_disc(_ground(), radius)
    layer = HoleFiller().fill(image, disc, np.zeros(SHAPE, bool), np.random.default_rng(0))
    assert layer is not None
    layer.apply(image)
    red = image[..., 0].astype(int) - image[..., 1]
    assert red[dilate(disc, 4)].max() < 40


def test_the_fill_looks_like_the_true_ground() -> None:
    ground = _ground()
    image, disc = _with_disc(ground, 22)
    layer = HoleFiller().fill(image, disc, np.zeros(SHAPE, bool), np.random.default_rng(0))
    assert layer is not None
    layer.apply(image)
    error = np.abs(image[disc].astype(float) - ground[disc])
    # The ground's own grain has a standard deviation of 4; a flat fill would miss the waves of 12.
    assert error.mean() < 8.0
    assert image[disc].std() == pytest.approx(ground[disc].std(), rel=0.35)


def test_only_the_hole_and_a_narrow_rim_change() -> None:
    image, disc = _with_disc(_ground(), 20)
    before = image.copy()
    layer = HoleFiller().fill(image, disc, np.zeros(SHAPE, bool), np.random.default_rng(0))
    assert layer is not None
    layer.apply(image)
    assert np.array_equal(image[~dilate(disc, 16)], before[~dilate(disc, 16)])


def test_other_objects_are_neither_copied_nor_touched() -> None:
    image, disc = _with_disc(_ground(), 18)
    other = np.zeros(SHAPE, bool)
    other[70:110, 142:180] = True
    image[other] = (20, 220, 20)
    before = image.copy()
    layer = HoleFiller().fill(image, disc, other, np.random.default_rng(0))
    assert layer is not None
    layer.apply(image)
    assert np.array_equal(image[other], before[other])
    green = image[..., 1].astype(int) - image[..., 0]
    assert green[disc].max() < 60


def test_a_hole_as_large_as_the_picture_is_refused() -> None:
    hole = np.zeros(SHAPE, bool)
    hole[8:-8, 8:-8] = True
    assert HoleFiller().fill(_ground(), hole, np.zeros(SHAPE, bool), np.random.default_rng(0)) is None
