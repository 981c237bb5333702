"""Histogram matching against its definition, and against scikit-image where that is installed."""

from __future__ import annotations

import numpy as np
import pytest

from difftracker.baselines import PixelDifference
from difftracker.baselines.histogram_matching import match_histograms


@pytest.fixture()
def images():
    rng = np.random.default_rng(0)
    before = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    after = np.clip(rng.normal(120, 30, (40, 50, 3)), 0, 255).astype(np.uint8)
    return before, after


def test_a_monotone_tone_curve_is_undone(images):
    before, _ = images
    curve = np.round(255 * (np.arange(256) / 255) ** 1.8).astype(np.uint8)
    error = match_histograms(before, curve[before], None).astype(int) - curve[before]
    # Where the curve takes several tones to one, ranks between them are interpolated.
    assert np.abs(error).max() <= 1 and (error == 0).mean() > 0.8


def test_ranks_stay_and_shares_agree(images):
    before, after = images
    matched = match_histograms(before, after, None)
    for channel in range(3):
        ours, theirs = np.sort(matched[..., channel].ravel()), np.sort(after[..., channel].ravel())
        assert np.abs(ours.astype(int) - theirs).mean() < 2
        order = np.argsort(before[..., channel].ravel(), kind='stable')
        assert (np.diff(matched[..., channel].ravel()[order].astype(int)) >= 0).all()


def test_only_what_is_inside_counts(images):
    before, after = images
    inside = np.zeros(before.shape[:2], dtype=bool)
    inside[:, :25] = True
    left = match_histograms(before[:, :25], after[:, :25], None)
    spoiled = after.copy()
    spoiled[:, 25:] = 255
    assert (match_histograms(before, spoiled, inside)[:, :25] == left).all()


def test_agrees_with_scikit_image(images):
    exposure = pytest.importorskip('skimage.exposure')
    before, after = images
    theirs = exposure.match_histograms(before, after, channel_axis=-1)
    assert np.abs(match_histograms(before, after, None).astype(int) - theirs.astype(int)).max() <= 1


def test_a_curve_that_gain_and_offset_cannot_follow():
    before = np.tile(np.linspace(0, 255, 160), (120, 1))[..., None].repeat(3, axis=2).astype(np.uint8)
    after = np.round(255 * (before / 255.0) ** 3).astype(np.uint8)
    assert len(PixelDifference(align=False)(before, after)[0]) > 0
    assert len(PixelDifference(align=False, histograms=True)(before, after)[0]) == 0
