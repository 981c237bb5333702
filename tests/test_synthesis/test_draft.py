"""Turning a change round, and which place a change has in each image."""

from __future__ import annotations

import numpy as np

from difftracker.structures import PairRecord
from difftracker.synthesis.draft import Draft
from difftracker.synthesis.layer import Layer
from difftracker.synthesis.raster import mask_window
from difftracker.synthesis.scene import Scene, SceneChange, SceneObject
from difftracker.synthesis.scene_record import changes_of, scene_of, scene_to_json


def _mask(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros((40, 60), bool)
    mask[y1:y2, x1:x2] = True
    return mask


LAYER = Layer((0, 0, 2, 2), np.zeros((2, 2, 3), np.uint8), np.ones((2, 2), bool))


def test_an_addition_turned_round_is_a_removal() -> None:
    added = Draft('add', (), (LAYER,), None, _mask(5, 5, 20, 20), 'cup')
    removed = added.reversed()
    assert (removed.kind, removed.label) == ('remove', 'cup')
    assert removed.before_layers == (LAYER,) and removed.after_layers == ()
    assert mask_window(removed.after_mask) == mask_window(removed.before_mask) == (5, 5, 20, 20)
    assert removed.reversed() == added


def test_a_replacement_turned_round_swaps_its_names() -> None:
    draft = Draft('replace', (), (LAYER,), _mask(5, 5, 20, 20), _mask(10, 8, 30, 18), 'cup', new_label='dog')
    assert (draft.reversed().label, draft.reversed().new_label) == ('dog', 'cup')
    assert mask_window(draft.before_mask) == mask_window(draft.after_mask) == (5, 5, 30, 20)


def test_a_moved_object_has_a_place_in_each_image() -> None:
    draft = Draft('move', (), (LAYER,), _mask(5, 5, 20, 20), _mask(30, 8, 45, 23), 'cup')
    assert mask_window(draft.before_mask) == (5, 5, 20, 20)
    assert mask_window(draft.after_mask) == (30, 8, 45, 23)


def test_a_record_keeps_the_scene() -> None:
    change = SceneChange(0, 'replace', (1.0, 2.0, 30.0, 40.0), None, 'cup', 'dog', 'red', 'brown')
    other = SceneChange(1, 'appearance', (1.5, 2.0, 30.0, 40.0), (2.0, 2.0, 9.0, 9.0), 'bus', attribute='pattern')
    scene = Scene(60, 40, (change, other), (SceneObject('tree', (0.0, 0.0, 10.0, 10.0), 'green'),), 'photo')
    record = PairRecord('p', 'a', 'b', (60, 40), (60, 40), changes_of(scene), (), extra={'scene': scene_to_json(scene)})
    assert scene_of(record) == scene
