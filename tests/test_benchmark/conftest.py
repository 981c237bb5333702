"""A made-up COCO set for the benchmark: six pictures of plain shapes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from difftracker.benchmark.definition import BenchmarkDefinition, read_definition
from difftracker.benchmark.self_check import draw_pictures

CONFIGS = Path(__file__).parents[2] / 'configs' / 'benchmark'


@pytest.fixture(scope='session')
def definition() -> BenchmarkDefinition:
    return read_definition(CONFIGS / 'diffground_open.json')


@pytest.fixture(scope='session')
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures with `instances.json`; two pictures are of each split."""
    folder = tmp_path_factory.mktemp('pictures')
    draw_pictures(folder)
    path = folder / 'instances.json'
    data = json.loads(path.read_text())
    for number, image in enumerate(data['images']):
        image['split'] = ('train', 'val', 'test')[number % 3]
        image['license'] = 4
    path.write_text(json.dumps({**data, 'licenses': [{'id': 4, 'name': 'Attribution License'}]}))
    return folder
