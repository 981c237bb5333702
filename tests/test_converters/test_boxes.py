"""Boxes turn with their pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from difftracker.converters.boxes import box_in
from difftracker.converters.picture import Picture
from difftracker.errors import AnnotationError
from difftracker.utils.image_io import read_image
from tests.test_converters.small_pictures import painted, save


@pytest.mark.parametrize('orientation', [None, *range(1, 9)])
@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp', '.tif'])
def test_a_box_turns_with_its_picture(tmp_path: Path, orientation: int | None, suffix: str) -> None:
    stored = painted(np.full((32, 48, 3), 255, np.uint8), (8, 16, 32, 24), (0, 0, 0))
    path = save(tmp_path / f'x{suffix}', stored, orientation)
    if suffix == '.tif' and orientation is not None:
        # Every reader that goes through Pillow sees TIFF upright, so there the published box is upright too.
        dark = np.argwhere(read_image(path)[..., 0] < 128)
        stated = [*dark.min(axis=0)[::-1].tolist(), *(dark.max(axis=0)[::-1] + 1).tolist()]
    else:
        stated = [8, 16, 32, 24]
    x1, y1, x2, y2 = box_in(Picture(path.name, path), stated, 'x')
    upright = read_image(path)[..., 0] < 128
    expected = np.zeros_like(upright)
    expected[int(y1) : int(y2), int(x1) : int(x2)] = True
    assert np.array_equal(upright, expected)


def test_frames_and_clipping(tmp_path: Path) -> None:
    picture = Picture('x.png', save(tmp_path / 'x.png', np.zeros((20, 40, 3), np.uint8)))
    assert box_in(picture, [-5, 2, 50, 30], 'x') == (0, 2, 40, 20)
    assert box_in(picture, [0.25, 0.5, 0.75, 1.0], 'x', (1, 1)) == (10, 10, 30, 20)
    assert box_in(picture, [1, 1, 2, 2], 'x', (80, 10)) == (0.5, 2, 1, 4)


@pytest.mark.parametrize('values', [[1, 2, 3], 'abcd', [1, 2, 'x', 4], [0, 0, float('nan'), 4], None, [41, 0, 50, 5]])
def test_bad_boxes(tmp_path: Path, values: object) -> None:
    picture = Picture('x.png', save(tmp_path / 'x.png', np.zeros((20, 40, 3), np.uint8)))
    with pytest.raises(AnnotationError, match='somewhere: expected a box'):
        box_in(picture, values, 'somewhere')
