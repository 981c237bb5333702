"""Pairs out of two screenshots."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from difftracker.errors import ConfigError
from difftracker.synthesis.build import build_composer
from difftracker.synthesis.recipe import read_recipe
from difftracker.synthesis.screen_composer import ScreenComposer


@pytest.fixture
def composer(tmp_path: Path, data_root: Path) -> ScreenComposer:
    source = {'type': 'screens', 'annotations': 'screens/annotations/{split}.jsonl', 'root': 'screens'}
    recipe = {'name': 'toy', 'domain': 'screen', 'pictures': [source], 'long_side': 256,
              'change_counts': {'0': 0.3, '1': 0.4, '2': 0.3}}  # fmt: skip
    path = tmp_path / 'screens.json'
    path.write_text(json.dumps(recipe))
    made = build_composer(read_recipe(path), data_root, 'train')
    assert isinstance(made, ScreenComposer)
    return made


def test_a_subset_of_the_changes_takes_place_and_nothing_else(composer: ScreenComposer) -> None:
    kinds, counts = set(), set()
    for seed in range(25):
        pair = composer.compose(np.random.default_rng(seed))
        differs = np.any(pair.before != pair.after, axis=-1)
        for change in pair.scene.changes:
            x1, y1, x2, y2 = (int(round(value)) for value in change.after_box)
            assert differs[y1:y2, x1:x2].mean() > 0.5
            # Shrinking the picture mixes the pixels of a box's rim with those beside it.
            differs[max(y1 - 2, 0) : y2 + 2, max(x1 - 2, 0) : x2 + 2] = False
            kinds.add(change.kind)
        assert not differs.any()
        counts.add(len(pair.scene.changes))
    assert kinds == {'add', 'remove'}
    assert counts == {0, 1, 2}


def test_the_same_draw_gives_the_same_pair(composer: ScreenComposer) -> None:
    first, second = (composer.compose(np.random.default_rng(4)) for _ in range(2))
    assert np.array_equal(first.after, second.after)
    assert first.scene == second.scene


def test_a_recipe_without_a_source_of_screens_is_refused(tmp_path: Path, data_root: Path) -> None:
    path = tmp_path / 'bad.json'
    path.write_text(json.dumps({'name': 'x', 'domain': 'screen', 'pictures': [{'type': 'screens'}]}))
    with pytest.raises(ConfigError, match='annotations and root'):
        build_composer(read_recipe(path), data_root, 'train')
