"""Probe sentences and their scores, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from difftracker.evaluation.prediction import Prediction
from difftracker.evaluation.reading_probe import probe, score_probe
from difftracker.structures import Change, PairRecord

LEFT, RIGHT = (5.0, 40.0, 15.0, 50.0), (70.0, 30.0, 95.0, 60.0)


def record(changes):
    return PairRecord('p', 'a.png', 'b.png', (100, 100), (100, 100), tuple(changes), ())


def two_changes(second_kind='add', second_name='dog'):
    return record([Change(7, 'remove', LEFT, LEFT, 'cat'), Change(3, second_kind, RIGHT, RIGHT, second_name)])


def asked(found):
    return {query.text: query.answers for query in found.queries}


def test_sentences():
    assert asked(probe(two_changes())) == {
        'What changed on the left?': (7,),
        'What changed on the right?': (3,),
        'the leftmost change': (7,),
        'the rightmost change': (3,),
        'the smallest change': (7,),
        'the largest change': (3,),
        'What was removed?': (7,),
        'What was added?': (3,),
        'What happened to the cat?': (7,),
        'What happened to the dog?': (3,),
    }


def test_what_does_not_tell_them_apart_is_not_asked():
    texts = asked(probe(two_changes('remove', 'cat')))
    assert not [text for text in texts if 'removed' in text or 'cat' in text]
    replaced = Change(3, 'replace', RIGHT, RIGHT, 'dog', {'new_label': 'cat'})
    both = record([Change(7, 'remove', LEFT, LEFT, 'cat'), replaced])
    assert not [text for text in asked(probe(both)) if 'happened' in text]


@pytest.mark.parametrize('boxes', [[LEFT], [LEFT, None], [LEFT, RIGHT, RIGHT]])
def test_other_pairs_are_left_out(boxes):
    changes = [Change(place, 'remove', LEFT, box) for place, box in enumerate(boxes)]
    assert probe(record(changes)) is None


def test_scores():
    item = probe(two_changes())
    nowhere = (0.0, 90.0, 5.0, 95.0)
    answers = {'place': [LEFT, LEFT], 'superlative': [LEFT, nowhere], 'size': [None, RIGHT]}
    predictions = {}
    for query in item.queries:
        box = answers.get(query.query_id.split('-')[0], [LEFT] * 4).pop(0)
        boxes = np.zeros((0, 4)) if box is None else np.array([box])
        predictions['p', query.query_id] = Prediction(boxes, np.full(len(boxes), 0.01))
    found = score_probe([item], predictions)
    assert found['place'] == {'queries': 2, 'on_a_change': 1.0, 'right': 0.5}
    assert found['superlative'] == {'queries': 2, 'on_a_change': 0.5, 'right': 1.0}
    assert found['size'] == {'queries': 2, 'on_a_change': 0.5, 'right': 1.0}
    none = {key: Prediction.empty() for key in predictions}
    assert score_probe([item], none)['kind'] == {'queries': 2, 'on_a_change': 0.0, 'right': None}
