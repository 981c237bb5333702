"""The definition is complete, and a broken one is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from difftracker.benchmark.definition import BenchmarkDefinition, read_definition
from difftracker.errors import ConfigError
from tests.test_benchmark.conftest import CONFIGS


def test_what_the_data_card_promises(definition: BenchmarkDefinition) -> None:
    assert sum(definition.pairs['full']['test'].values()) == 5000
    assert set(definition.pairs['full']['test']) == {'photo-hand-held', 'photo-aligned', 'nuisance-only', 'none'}
    # Validation sets were made with seeds below 1000 before there was a benchmark.
    assert min(seed for seeds in definition.seeds.values() for seed in seeds.values()) > 1000
    # Decoys as in training, or a trace of editing would give the changes away.
    assert {tuple(recipe['decoys']) for recipe in definition.recipes.values()} == {(0, 3)}


@pytest.mark.parametrize(
    ('breaker', 'named'),
    [
        (lambda data: data.pop('sets'), 'definition of a benchmark'),
        (lambda data: data.update(colour='red'), 'definition of a benchmark'),
        (lambda data: data['sets']['none']['recipe'].pop('queries'), 'set none: expected the recipe keys'),
        (lambda data: data['sets']['none']['recipe'].update(kinds={'explode': 1}), 'kinds'),
        (lambda data: data['sets']['none']['seeds'].update(val=3001), 'seed of its own'),
        (lambda data: data['pairs']['full']['test'].update(photo=3), 'full, test'),
    ],
)
def test_a_broken_definition_is_told(breaker: Callable, named: str, tmp_path: Path) -> None:
    data = json.loads((CONFIGS / 'diffground_open.json').read_text())
    breaker(data)
    path = tmp_path / 'broken.json'
    path.write_text(json.dumps(data))
    with pytest.raises(ConfigError, match=named):
        read_definition(path)
