"""Composed pairs: what differs, what does not, and that the generator alone decides."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from difftracker.errors import ConfigError
from difftracker.synthesis.build import build_composer
from difftracker.synthesis.decoys import Decoys
from difftracker.synthesis.pair_composer import PairComposer
from difftracker.synthesis.raster import lab_difference
from difftracker.synthesis.recipe import read_recipe
from difftracker.synthesis.stage import Stage

# An edit reaches this far (px) beyond the object's box: the grown hole, its faded rim and its shadow.
REACH = 16


def _composer(recipe_file: Path, data_root: Path, split: str = 'train', **changed: object) -> PairComposer:
    composer = build_composer(read_recipe(recipe_file, **changed), data_root, split, data_root / 'cutouts/index.csv')
    assert isinstance(composer, PairComposer)
    return composer


def _near_changes(pair: object, shape: tuple[int, int]) -> np.ndarray:
    near = np.zeros(shape, bool)
    for change in pair.scene.changes:  # type: ignore[attr-defined]
        for box in (change.before_box, change.after_box):
            x1, y1, x2, y2 = (int(value) for value in box)
            near[max(y1 - REACH, 0) : y2 + REACH, max(x1 - REACH, 0) : x2 + REACH] = True
    return near


@pytest.mark.parametrize('kind', ['appearance', 'replace', 'remove', 'add', 'move'])
def test_pixels_differ_inside_the_boxes_and_nowhere_else(kind: str, recipe_file: Path, data_root: Path) -> None:
    composer = _composer(
        recipe_file, data_root, kinds={kind: 1.0}, nuisance={'none': 1.0}, decoys=[0, 0],
        change_counts={'1': 0.5, '2': 0.5},
    )  # fmt: skip
    for seed in range(6):
        pair = composer.compose(np.random.default_rng(seed))
        assert {change.kind for change in pair.scene.changes} == {kind}
        differs = np.any(pair.before != pair.after, axis=-1)
        assert not np.any(differs & ~_near_changes(pair, differs.shape))
        for change in pair.scene.changes:
            for box in (change.before_box, change.after_box):
                x1, y1, x2, y2 = (int(value) for value in box)
                difference = lab_difference(pair.before[y1:y2, x1:x2], pair.after[y1:y2, x1:x2])
                assert difference.mean() > 4.0


def test_decoys_leave_no_visible_difference(recipe_file: Path, data_root: Path) -> None:
    composer = _composer(recipe_file, data_root, nuisance={'none': 1.0}, decoys=[3, 3], dressing=[2, 4])
    for seed in range(12):
        pair = composer.compose(np.random.default_rng(seed))
        away = ~_near_changes(pair, pair.before.shape[:2])
        smooth = cv2.blur(lab_difference(pair.before, pair.after) * away, (9, 9))
        # A resampled object is a little softer; nothing larger than a few pixels looks different.
        assert smooth.max() < 12.0
        assert np.count_nonzero(smooth > 6.0) < 0.01 * away.size


@pytest.mark.parametrize('trick', ['add_object', 'fill_hole'])
def test_decoys_in_both_images_are_equal_to_the_pixel(trick: str, recipe_file: Path, data_root: Path) -> None:
    decoys: Decoys = _composer(recipe_file, data_root).decoys
    rng = np.random.default_rng(0)
    ground = np.clip(rng.normal(128, 6, (200, 280, 3)), 0, 255).astype(np.uint8)
    stage = Stage(ground, [])
    assert any(getattr(decoys, trick)(stage, rng) for _ in range(5))
    assert np.array_equal(stage.before, stage.after)
    assert np.array_equal(stage.before, stage.base)
    assert not np.array_equal(stage.before, ground)


def test_the_rules_of_size_and_overlap_hold(recipe_file: Path, data_root: Path) -> None:
    composer = _composer(recipe_file, data_root, nuisance={'none': 1.0}, change_counts={'3': 1.0})
    counts = []
    for seed in range(8):
        scene = composer.compose(np.random.default_rng(seed)).scene
        counts.append(len(scene.changes))
        boxes = [change.after_box for change in scene.changes]
        for number, (x1, y1, x2, y2) in enumerate(boxes):
            assert 0 <= x1 < x2 <= scene.width and 0 <= y1 < y2 <= scene.height
            assert min(x2 - x1, y2 - y1) >= 12.0 * max(scene.width, scene.height) / 320
            for other in boxes[:number]:
                width = min(x2, other[2]) - max(x1, other[0])
                height = min(y2, other[3]) - max(y1, other[1])
                smaller = min((x2 - x1) * (y2 - y1), (other[2] - other[0]) * (other[3] - other[1]))
                assert max(width, 0) * max(height, 0) <= 0.2 * smaller
    assert max(counts) == 3


def test_no_change_and_no_nuisance_is_the_same_picture_twice(recipe_file: Path, data_root: Path) -> None:
    composer = _composer(recipe_file, data_root, nuisance={'none': 1.0}, change_counts={'0': 1.0}, decoys=[0, 0])
    pair = composer.compose(np.random.default_rng(1))
    assert np.array_equal(pair.before, pair.after)
    assert pair.scene.changes == ()


def test_the_generator_alone_decides(recipe_file: Path, data_root: Path) -> None:
    fresh = _composer(recipe_file, data_root).compose(np.random.default_rng((5, 7)))
    used = _composer(recipe_file, data_root)
    for seed in range(3):
        used.compose(np.random.default_rng(seed))
    again = used.compose(np.random.default_rng((5, 7)))
    assert np.array_equal(fresh.before, again.before)
    assert np.array_equal(fresh.after, again.after)
    assert fresh.scene == again.scene


def test_val_takes_no_picture_of_train(recipe_file: Path, data_root: Path) -> None:
    for split in ('train', 'val'):
        composer = _composer(recipe_file, data_root, split)
        names = {composer.compose(np.random.default_rng(seed)).extra['picture'] for seed in range(6)}
        assert all(name.startswith(split) for name in names)


def test_cut_outs_that_are_asked_for_and_not_given_are_named(recipe_file: Path, data_root: Path) -> None:
    with pytest.raises(ConfigError, match='cut-outs'):
        build_composer(read_recipe(recipe_file), data_root, 'train', None)
