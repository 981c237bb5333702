"""Structural similarity against its formula and against scikit-image where that is installed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from difftracker.baselines.ssim_difference import SSIMDifference
from difftracker.baselines.structural_similarity import structural_similarity
from tests.test_baselines.test_pixel_difference import BOX, overlap, scene, with_change


@pytest.fixture()
def pictures():
    rng = np.random.default_rng(3)
    first = rng.integers(0, 256, (24, 31)).astype(np.uint8)
    return first, np.clip(first * 0.6 + rng.normal(30, 20, first.shape), 0, 255).astype(np.uint8)


def by_definition(first, second, row, column):
    """The formula of the paper in one window, summed pixel by pixel."""
    weights, values = [], []
    for down in range(-5, 6):
        for right in range(-5, 6):
            weights.append(math.exp(-(down**2 + right**2) / (2 * 1.5**2)))
            values.append((float(first[row + down, column + right]), float(second[row + down, column + right])))
    total = sum(weights)
    mean_a, mean_b = (sum(w * value[i] for w, value in zip(weights, values)) / total for i in (0, 1))
    var_a = sum(w * (a - mean_a) ** 2 for w, (a, _) in zip(weights, values)) / total
    var_b = sum(w * (b - mean_b) ** 2 for w, (_, b) in zip(weights, values)) / total
    cov = sum(w * (a - mean_a) * (b - mean_b) for w, (a, b) in zip(weights, values)) / total
    c1, c2 = 2.55**2, 7.65**2
    likeness = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    return likeness / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))


def test_window_by_window(pictures):
    similarity = structural_similarity(*pictures)
    for row, column in ((5, 5), (12, 17), (18, 25)):
        assert similarity[row, column] == pytest.approx(by_definition(*pictures, row, column), abs=1e-9)


def test_equal_pictures_are_alike_everywhere(pictures):
    np.testing.assert_allclose(structural_similarity(pictures[0], pictures[0]), 1)


def test_agrees_with_scikit_image(pictures):
    metrics = pytest.importorskip('skimage.metrics')
    _, theirs = metrics.structural_similarity(
        *pictures, full=True, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    np.testing.assert_allclose(structural_similarity(*pictures), theirs, atol=1e-8)


def test_finds_a_change_and_nothing_else():
    # Rough where the picture was smooth: between two smooth things structure tells little.
    rough = np.random.default_rng(0).integers(0, 255, (40, 40, 3))
    boxes, scores = SSIMDifference()(scene(), with_change(scene(), BOX, rough))
    assert overlap(boxes) > 0.7 and scores[0] > 0.9
    assert len(SSIMDifference()(scene(), scene())[0]) == 0


def test_other_light_is_no_change():
    dim = np.clip(scene() * 0.8 + 12, 0, 255).astype(np.uint8)
    assert len(SSIMDifference()(scene(), dim)[0]) == 0
