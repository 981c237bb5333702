"""Outlines of boxed objects."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from difftracker.synthesis.box_outline import outline_box, rounded_halves
from difftracker.utils.coco_outlines import outline_mask


def scene(draw):
    """Returns a noisy green picture with something red in it, and the mask of that."""
    noise = np.random.default_rng(0).normal(0, 6, (160, 200, 3))
    mask = np.zeros((160, 200), np.uint8)
    draw(mask)
    ground = np.where(mask[..., None] > 0, (170, 60, 50), (60, 120, 70))
    return np.clip(ground + noise, 0, 255).astype(np.uint8), mask > 0


def overlap(first, second):
    return np.count_nonzero(first & second) / np.count_nonzero(first | second)


SHAPES = {
    'disc': (lambda mask: cv2.circle(mask, (100, 80), 30, 1, cv2.FILLED), (70, 50, 131, 111)),
    'leaning bar': (lambda mask: cv2.line(mask, (60, 50), (140, 110), 1, 24), (50, 40, 151, 121)),
    'at the border': (lambda mask: cv2.circle(mask, (0, 80), 30, 1, cv2.FILLED), (0, 50, 31, 111)),
}


@pytest.mark.parametrize('shape', SHAPES)
def test_finds_the_shape(shape):
    draw, box = SHAPES[shape]
    image, mask = scene(draw)
    assert overlap(outline_box(image, box), mask) > 0.9


def test_is_the_same_each_time_whatever_was_drawn_before():
    image, _ = scene(SHAPES['disc'][0])
    first = outline_box(image, (70, 50, 131, 111))
    cv2.setRNGSeed(5)
    np.testing.assert_array_equal(outline_box(image, (70, 50, 131, 111)), first)


@pytest.mark.parametrize(
    ('draw', 'box'),
    [
        (lambda mask: None, (70, 50, 131, 111)),
        (lambda mask: cv2.circle(mask, (100, 80), 6, 1, cv2.FILLED), (60, 40, 141, 121)),
        (lambda mask: cv2.rectangle(mask, (70, 50), (130, 110), 1, cv2.FILLED), (70, 50, 131, 111)),
        (lambda mask: None, (0, 0, 200, 160)),
    ],
    ids=['nothing there', 'much smaller than its box', 'fills its box', 'no ground around the box'],
)
def test_what_is_no_outline(draw, box):
    image, _ = scene(draw)
    assert outline_box(image, box) is None


def test_rounded_halves_meet_and_fill_the_box():
    box = (20.0, 30.0, 120.0, 90.0)
    left, right = (outline_mask([half], 160, 200) for half in rounded_halves(box))
    both = left | right
    rows, columns = np.flatnonzero(both.any(1)), np.flatnonzero(both.any(0))
    assert (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1) == pytest.approx(box, abs=1)
    # Area of a superellipse of exponent 3, as a share of its box.
    assert np.count_nonzero(both) / (100 * 60) == pytest.approx(0.883, abs=0.01)
    assert both[60, 20:120].all()
