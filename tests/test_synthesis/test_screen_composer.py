"""Pairs out of two screenshots."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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


def test_the_split_takes_its_place_in_the_root_too(tmp_path: Path, data_root: Path) -> None:
    (tmp_path / 'train').symlink_to(data_root / 'screens')
    source = {'type': 'screens', 'annotations': '{split}/annotations/{split}.jsonl', 'root': '{split}'}
    path = tmp_path / 'screens.json'
    path.write_text(json.dumps({'name': 'toy', 'domain': 'screen', 'pictures': [source]}))
    pair = build_composer(read_recipe(path), tmp_path, 'train').compose(np.random.default_rng(0))
    assert pair.extra['picture'] == 'images/b.png'


def test_a_recipe_without_a_source_of_screens_is_refused(tmp_path: Path, data_root: Path) -> None:
    path = tmp_path / 'bad.json'
    path.write_text(json.dumps({'name': 'x', 'domain': 'screen', 'pictures': [{'type': 'screens'}]}))
    with pytest.raises(ConfigError, match='annotations and root'):
        build_composer(read_recipe(path), data_root, 'train')


def test_a_change_is_never_painted_over_by_one_that_overlaps_it(tmp_path: Path) -> None:
    before = np.full((200, 300, 3), 240, np.uint8)
    after = before.copy()
    boxes = [(20, 20, 120, 120), (40, 40, 100, 100), (180, 60, 260, 140)]
    for x1, y1, x2, y2 in boxes:
        after[y1:y2, x1:x2] = 30
    (tmp_path / 'annotations').mkdir()
    for side, image in (('a', before), ('b', after)):
        Image.fromarray(image).save(tmp_path / f'{side}.png')
    changes = [
        {'change_id': number, 'type': 'add', 'before_box': list(box), 'after_box': list(box)}
        for number, box in enumerate(boxes)
    ]
    record = {'pair_id': 'p', 'before': 'a.png', 'after': 'b.png', 'before_size': [300, 200],
              'after_size': [300, 200], 'changes': changes, 'queries': []}  # fmt: skip
    (tmp_path / 'annotations' / 'train.jsonl').write_text(json.dumps(record))
    source = {'type': 'screens', 'annotations': 'annotations/{split}.jsonl', 'root': ''}
    recipe = tmp_path / 'recipe.json'
    counts = {'0': 0.2, '1': 0.4, '2': 0.4}
    recipe.write_text(json.dumps({'name': 'x', 'domain': 'screen', 'pictures': [source], 'change_counts': counts}))
    nested = build_composer(read_recipe(recipe), tmp_path, 'train')
    seen = 0
    for seed in range(25):
        pair = nested.compose(np.random.default_rng(seed))
        for change in pair.scene.changes:
            x1, y1, x2, y2 = (int(round(value)) for value in change.after_box)
            assert np.any(pair.before != pair.after, axis=-1)[y1:y2, x1:x2].mean() > 0.9
            seen += 1
    assert seen > 10
