"""A weights file that needs no model, and small pairs."""

from __future__ import annotations

import json
import signal
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from difftracker.apis.ending_signals import NAMES
from tests.test_apis.stub_model import CONFIG, StubModel


@pytest.fixture()
def weights(tmp_path: Path) -> Path:
    """A file that stands for weights."""
    path = tmp_path / 'stub.safetensors'
    path.write_bytes(b'stub')
    return path


@pytest.fixture()
def stub(monkeypatch: pytest.MonkeyPatch) -> StubModel:
    """The stub model, which every weights file now gives."""
    model = StubModel()
    module = types.ModuleType('difftracker.apis.build')
    module.build_from_weights = lambda path, device: (model, CONFIG)
    monkeypatch.setitem(sys.modules, 'difftracker.apis.build', module)
    return model


@pytest.fixture()
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Grey 48 x 32 pictures; the after picture has a red rectangle at (12, 8, 24, 20)."""
    before = np.full((32, 48, 3), 128, np.uint8)
    after = before.copy()
    after[8:20, 12:24] = (250, 10, 10)
    return before, after


@pytest.fixture()
def data_root(tmp_path: Path, pair: tuple[np.ndarray, np.ndarray]) -> Path:
    """A data root with `annotations.jsonl` of three good pairs, two sentences each."""
    root = tmp_path / 'set'
    root.mkdir()
    lines = []
    for number in range(3):
        for side, image in zip(('before', 'after'), pair):
            Image.fromarray(image).save(root / f'{number}_{side}.png')
        lines.append(
            {
                'pair_id': f'p{number}',
                'before': f'{number}_before.png',
                'after': f'{number}_after.png',
                'before_size': [48, 32],
                'after_size': [48, 32],
                'changes': [
                    {'change_id': 0, 'type': 'remove', 'before_box': [12, 8, 24, 20], 'after_box': [12, 8, 24, 20]}
                ],
                'queries': [
                    {'query_id': 'qb', 'text': 'What is gone?', 'subset': 'remove', 'answers': [0]},
                    {'query_id': 'qa', 'text': 'nothing here', 'subset': 'none', 'answers': []},
                ],
            }
        )
    (root / 'annotations.jsonl').write_text(''.join(json.dumps(line) + '\n' for line in lines))
    return root


@pytest.fixture()
def ending_by_default() -> Iterator[None]:
    """Ending signals as a shell at a terminal leaves them; `nohup`, under which tests may run, has one ignored."""
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    before = [signal.signal(number, signal.SIG_DFL) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)
