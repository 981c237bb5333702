"""Errors travel between processes."""

from __future__ import annotations

import pickle

import pytest

from difftracker.errors import AnnotationError, CheckpointError, ConfigError, ImageReadError


@pytest.mark.parametrize(
    'error',
    [
        ImageReadError('a.png', 'expected a picture, found text'),
        AnnotationError('a.jsonl', 'expected a box', 3),
        CheckpointError('a.safetensors', 'expected weights'),
        ConfigError('expected a number'),
    ],
    ids=lambda error: type(error).__name__,
)
def test_pickling_keeps_all(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error) and vars(again) == vars(error)
