"""Sentences about mirrored pictures."""

from __future__ import annotations

import pytest

from difftracker.datasets.transforms.mirror_words import mirror_text


@pytest.mark.parametrize(
    ('text', 'mirrored'),
    [
        ('the cup on the left', 'the cup on the right'),
        ('Left of the plate, right of the fork?', 'Right of the plate, left of the fork?'),
        ('WHAT IS MISSING ON THE RIGHT', 'WHAT IS MISSING ON THE LEFT'),
        ('the leftmost change', 'the rightmost change'),
        ('upper-right corner', 'upper-left corner'),
        ('the right-hand side', 'the left-hand side'),
        ('to the right on the table', 'to the left on the table'),
        ('a bright light in the night', 'a bright light in the night'),
        ('what changed?', 'what changed?'),
    ],
)
def test_swapped(text, mirrored):
    assert mirror_text(text) == mirrored
    assert mirror_text(mirrored) == text


@pytest.mark.parametrize(
    'text',
    [
        'right next to the cup',
        'what was left behind',
        'which thing has left the scene',
        'the lft cup',
        'the rigth cup',
        'the rihgt one',
        'the leftmst one',
        'turned clockwise',
        'was ist links verschwunden – hier',
        '左边',
        "at three o'clock",
    ],
)
def test_in_doubt_no_answer(text):
    assert mirror_text(text) is None
