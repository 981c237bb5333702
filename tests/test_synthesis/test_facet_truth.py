"""Truth of single conditions, by hand: what every answer of the written sentences rests on."""

from __future__ import annotations

import pytest

from difftracker.synthesis.queries.facet_truth import facet_truth
from difftracker.synthesis.queries.geometry import direction_truth, relation_truth, size_truth
from difftracker.synthesis.queries.vocabulary import is_a
from difftracker.synthesis.scene import Scene, SceneChange

# A frame of 100 x 100 with a reference in its middle.
REFERENCE = (40, 40, 60, 60)
RELATIONS = [
    # box, then left of, right of, above, below, near
    ((5, 45, 15, 55), (True, False, None, None, None)),
    ((85, 45, 95, 55), (False, True, None, None, None)),
    ((45, 5, 55, 15), (None, None, True, False, None)),
    ((45, 85, 55, 95), (None, None, False, True, None)),
    # Touching: near; its centre is clear of the reference on the left.
    ((30, 45, 40, 55), (True, False, None, None, True)),
    # As far down as to the left: neither is meant; 14 px off, a tenth of the diagonal.
    ((20, 70, 30, 80), (None, False, False, None, None)),
    # Wider than the reference and around it.
    ((10, 10, 90, 90), (None, None, None, None, None)),
]


@pytest.mark.parametrize(('box', 'expected'), RELATIONS)
def test_relations(box, expected):
    names = ('left of', 'right of', 'above', 'below', 'near')
    assert tuple(relation_truth(box, name, REFERENCE, 100, 100) for name in names) == expected


def test_directions():
    start = (10, 40, 20, 60)
    names = ('left', 'right', 'up', 'down')

    def truths(after):
        return tuple(direction_truth(start, after, name, 100, 100) for name in names)

    assert truths((60, 40, 70, 60)) == (False, True, False, False)
    assert truths((10, 10, 20, 30)) == (False, False, True, False)
    # As far to the right as down, so that either word would mislead.
    assert truths((40, 70, 50, 90)) == (False, None, False, None)
    # Hardly moved.
    assert truths((15, 40, 25, 60)) == (False, None, False, False)


@pytest.mark.parametrize(
    ('side', 'small', 'large'),
    [(9, True, False), (14, None, False), (20, False, False), (30, False, None), (40, False, True)],
)
def test_sizes(side, small, large):
    box = (0, 0, side, side)
    assert (size_truth(box, 'small', 100, 100), size_truth(box, 'large', 100, 100)) == (small, large)


def test_general_names():
    assert is_a('animal', 'zebra') is True
    assert is_a('animal', 'chair') is False
    assert is_a('animal', None) is None and is_a('animal', 'thing of no known name') is None


def test_a_set_that_names_no_kinds_claims_none():
    change = SceneChange(0, 'change', (10, 10, 30, 30), (10, 10, 30, 30), 'cup', None, 'red', 'green')
    scene = Scene(100, 100, (change,))
    conditions = {
        'kind': 'remove', 'loose': 'move', 'attribute': 'colour', 'turned': 'green', 'was': 'blue',
        'from_to': ('blue', 'black'), 'new_label': 'dog', 'new_colour': 'blue', 'direction': 'left', 'colour': 'green',
    }  # fmt: skip
    for name, value in conditions.items():
        assert facet_truth(scene, change, name, value, {name: value}) is None, name
    # What it does say can be asked for.
    assert facet_truth(scene, change, 'label', 'cup', {'label': 'cup'}) is True
    assert facet_truth(scene, change, 'label', 'dog', {'label': 'dog'}) is False
    assert facet_truth(scene, change, 'place', 'right', {'place': 'right'}) is False
