"""Names of shipped models."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from difftracker.checkpoint import load_weights, model_names, resolve_model, save_weights, zoo
from difftracker.errors import CheckpointError


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two shipped models in place of the package's own."""
    for name in ('difftracker-tiny', 'difftracker-huge'):
        save_weights(tmp_path / f'{name}.safetensors', {'a': torch.ones(1)}, {'config': {'name': name}})
    monkeypatch.setattr(zoo, 'WEIGHTS_DIR', tmp_path)
    return tmp_path


def test_a_name_gives_its_file(shipped: Path) -> None:
    assert model_names() == ['difftracker-huge', 'difftracker-tiny']
    path = resolve_model('difftracker-tiny')
    assert path == shipped / 'difftracker-tiny.safetensors'
    assert load_weights(path)[1]['config']['name'] == 'difftracker-tiny'


def test_a_path_gives_itself(shipped: Path) -> None:
    path = shipped / 'difftracker-tiny.safetensors'
    assert resolve_model(path) == path
    assert resolve_model(str(path)) == path


@pytest.mark.parametrize('name', ['difftracker-lit', 'weights/none.pth', '../difftracker-tiny', ''])
def test_an_unknown_name_lists_the_known_ones(shipped: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match=r'shipped model \(difftracker-huge, difftracker-tiny\)'):
        resolve_model(name)
