"""Colour words on hand-made pixels."""

from __future__ import annotations

import numpy as np
import pytest

from difftracker.synthesis.colours import COLOURS, colour_name, confusable

PATCHES = {
    'red': [(255, 0, 0), (200, 20, 30), (150, 10, 15), (220, 50, 40)],
    'orange': [(255, 140, 0), (240, 120, 20), (255, 165, 0)],
    'yellow': [(255, 255, 0), (250, 220, 50), (255, 215, 0)],
    'green': [(0, 128, 0), (0, 255, 0), (30, 90, 40), (100, 160, 50)],
    'blue': [(0, 0, 255), (30, 60, 180), (70, 130, 180), (0, 0, 128), (135, 206, 235)],
    'purple': [(128, 0, 128), (120, 60, 180), (90, 20, 110)],
    'pink': [(255, 192, 203), (255, 105, 180), (230, 130, 150)],
    'brown': [(139, 69, 19), (100, 60, 30), (160, 110, 70), (60, 35, 15)],
    'white': [(255, 255, 255), (240, 240, 235)],
    'grey': [(128, 128, 128), (90, 90, 95), (170, 170, 168)],
    'black': [(0, 0, 0), (20, 20, 20), (30, 28, 32)],
}


@pytest.mark.parametrize('name', COLOURS)
def test_plain_patches_get_their_word(name):
    for patch in PATCHES[name]:
        assert colour_name(np.full((40, 3), patch, np.uint8)) == name, patch


@pytest.mark.parametrize('name', ['red', 'green', 'blue', 'white', 'black'])
def test_noise_does_not_change_the_word(name):
    rng = np.random.default_rng(0)
    patch = np.array(PATCHES[name][0], float) + rng.normal(0, 8, (4000, 3))
    assert colour_name(np.clip(patch, 0, 255).astype(np.uint8)) == name


def test_no_word_without_a_majority():
    half = np.array([(255, 0, 0)] * 50 + [(0, 0, 255)] * 50, np.uint8)
    assert colour_name(half) is None
    mostly = np.array([(255, 0, 0)] * 70 + [(0, 0, 255)] * 30, np.uint8)
    assert colour_name(mostly) == 'red'


def test_the_order_of_pixels_does_not_matter_in_small_regions():
    rng = np.random.default_rng(1)
    pixels = rng.integers(0, 256, (500, 3), dtype=np.uint8)
    pixels[:320] = (10, 120, 20)
    assert colour_name(pixels) == colour_name(rng.permutation(pixels)) == 'green'


def test_empty_region_has_no_colour():
    assert colour_name(np.zeros((0, 3), np.uint8)) is None


def test_large_regions_are_thinned_over_their_whole_length():
    pixels = np.zeros((100_000, 3), np.uint8)
    pixels[:40_000] = (255, 255, 255)
    assert colour_name(pixels) == 'black'


def test_confusable_is_symmetric_and_keeps_clear_pairs_apart():
    for first in COLOURS:
        for second in COLOURS:
            assert confusable(first, second) == confusable(second, first)
    assert confusable('red', 'orange')
    assert not confusable('red', 'green')
    assert not confusable('black', 'white')
