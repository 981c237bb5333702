"""The decoys that are written down are all that differs beside the changes, and writing them down changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from difftracker.benchmark.decoy_recorder import record_decoys
from difftracker.benchmark.definition import BenchmarkDefinition
from difftracker.synthesis.pair_composer import PairComposer
from difftracker.synthesis.recipe import Recipe

MARGIN = 14  # A filled hole is larger than the object whose box is told: soft rims and contact shadows go with it.


@pytest.fixture(scope='module')
def recipe(pictures: Path, definition: BenchmarkDefinition) -> Recipe:
    given = definition.recipe('photo-aligned', pictures / 'instances.json', pictures)
    return Recipe(**{**vars(given), 'decoys': (2, 4), 'long_side': 320})


def test_the_pairs_stay_the_same(recipe: Recipe) -> None:
    plain, recording = PairComposer(recipe, '.', 'test'), record_decoys(PairComposer(recipe, '.', 'test'))
    for seed in range(4):
        pairs = [composer.compose(np.random.default_rng(seed)) for composer in (plain, recording)]
        assert np.array_equal(pairs[0].before, pairs[1].before) and np.array_equal(pairs[0].after, pairs[1].after)
        assert pairs[0].scene == pairs[1].scene


def test_what_differs_is_a_change_or_a_decoy(recipe: Recipe) -> None:
    composer = record_decoys(PairComposer(recipe, '.', 'test'))
    kinds = set()
    for seed in range(12):
        pair = composer.compose(np.random.default_rng(seed))
        differs = np.any(pair.before != pair.after, axis=2)
        for change in pair.scene.changes:
            for box in (change.before_box, change.after_box):
                x1, y1, x2, y2 = (int(value) for value in box)
                differs[max(y1 - MARGIN, 0) : y2 + MARGIN, max(x1 - MARGIN, 0) : x2 + MARGIN] = False
        # An object that was pasted into both images may be pasted back onto itself as well.
        for decoy in sorted(pair.extra['decoys'], key=lambda decoy: decoy['kind'] != 're-pasted'):
            x1, y1, x2, y2 = (int(value) for value in decoy['after_box'])
            kinds.add(decoy['kind'])
            assert differs[y1:y2, x1:x2].any() == (decoy['kind'] == 're-pasted')
            assert (decoy['image'] == 'both') == (decoy['kind'] != 're-pasted')
            differs[y1:y2, x1:x2] = False
        assert not differs.any()
    assert kinds == {'pasted', 'filled', 're-pasted'}
