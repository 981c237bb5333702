"""What a training checkpoint may hold."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.logging.history_buffer import HistoryBuffer

from difftracker.utils.safe_globals import allow_history_buffers, history_method


class Call:
    """Pickles as a call of `function` with `args`."""

    def __init__(self, function: Any, *args: Any) -> None:
        self.call = (function, args)

    def __reduce__(self) -> tuple:
        return self.call


def test_a_history_survives_a_safe_load() -> None:
    allow_history_buffers()
    history = HistoryBuffer()
    for value in (1.0, 2.0, 6.0):
        history.update(value)
    buffer = io.BytesIO()
    torch.save({'message_hub': {'loss': history, 'lr': np.float64(0.5)}}, buffer)
    buffer.seek(0)
    loaded = torch.load(buffer, weights_only=True)['message_hub']
    assert loaded['loss'].mean() == 3.0 and loaded['loss'].current() == 6.0
    assert loaded['lr'] == 0.5


@pytest.mark.parametrize('owner', [HistoryBuffer, HistoryBuffer(), np.ndarray, torch, 'text'])
@pytest.mark.parametrize('name', ['__subclasses__', '__init__', 'tofile', 'register_statistics', 'statistics'])
def test_only_statistics_of_the_buffer_are_handed_out(owner: Any, name: str) -> None:
    with pytest.raises(AttributeError, match='expected a statistic of HistoryBuffer'):
        history_method(owner, name)


def test_getattr_of_a_hostile_file_reaches_nothing(tmp_path: Path) -> None:
    allow_history_buffers()
    torch.save({'a': Call(getattr, HistoryBuffer, 'register_statistics')}, tmp_path / 'a.pth')
    with pytest.raises((AttributeError, pickle.UnpicklingError)):
        torch.load(tmp_path / 'a.pth', weights_only=True)
