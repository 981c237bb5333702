"""The annotation reader: round trip, and each fault named."""

from __future__ import annotations

import copy
import json
import math

import pytest

from difftracker.datasets.annotation_checks import FAULT_CODES, check_record
from difftracker.datasets.annotations import parse_record, read_annotations
from difftracker.errors import AnnotationError

GOOD = {
    'pair_id': 'p',
    'before': 'images/a.png',
    'after': 'images/b.png',
    'before_size': [40, 30],
    'after_size': [40, 30],
    'changes': [
        {
            'change_id': 0,
            'type': 'remove',
            'before_box': [1, 2, 10, 20],
            'after_box': [1.0, 2.0, 10.0, 20.0],
            'label': 'cup',
            'faint': True,
        },
        {'change_id': 7, 'type': 'move', 'before_box': None, 'after_box': [0, 0, 40, 30]},
    ],
    'queries': [
        {'query_id': 'q0', 'text': 'which cup?', 'subset': 'remove', 'answers': [0], 'form': 'named'},
        {'query_id': 'q1', 'text': 'all', 'subset': 'all', 'answers': [7, 0]},
        {'query_id': 'q2', 'text': 'none', 'subset': 'none', 'answers': []},
    ],
    'source': 'ours',
    'license': 'CC0',
    'nuisance': ['jpeg'],
}


def edited(path, value):
    """GOOD with the item at `path` replaced, or removed where `value` is Ellipsis."""
    item = copy.deepcopy(GOOD)
    place = item
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return item


FAULTS = [
    ('missing-field', ('queries',), ...),
    ('missing-field', ('changes', 0, 'after_box'), ...),
    ('missing-field', ('queries', 0, 'subset'), ...),
    ('wrong-type', ('pair_id',), 3),
    ('wrong-type', ('pair_id',), ' '),
    ('wrong-type', ('changes', 0), 'cup'),
    ('wrong-type', ('changes', 0, 'change_id'), True),
    ('wrong-type', ('queries', 0), []),
    ('wrong-type', ('queries', 0, 'answers'), ['0']),
    ('wrong-type', ('before',), ''),
    ('path-leaves-root', ('before',), '../a.png'),
    ('path-leaves-root', ('before',), 'images/../../a.png'),
    ('path-leaves-root', ('after',), '/etc/a.png'),
    ('path-leaves-root', ('after',), 'C:/a.png'),
    ('path-leaves-root', ('after',), '..\\a.png'),
    ('bad-size', ('before_size',), [40]),
    ('bad-size', ('before_size',), [40, 0]),
    ('bad-size', ('after_size',), [40.0, 30]),
    ('bad-box', ('changes', 0, 'before_box'), [1, 2, 3]),
    ('bad-box', ('changes', 0, 'before_box'), [1, 2, 3, '4']),
    ('box-not-finite', ('changes', 0, 'before_box'), [1, 2, 3, math.nan]),
    ('box-not-finite', ('changes', 0, 'after_box'), [1, 2, math.inf, 4]),
    ('box-empty', ('changes', 0, 'before_box'), [5, 2, 5, 9]),
    ('box-empty', ('changes', 0, 'before_box'), [5, 9, 8, 2]),
    ('box-outside', ('changes', 0, 'before_box'), [1, 2, 40.5, 20]),
    ('box-outside', ('changes', 0, 'after_box'), [-1, 2, 4, 20]),
    ('box-missing', ('changes', 1, 'after_box'), None),
    ('duplicate-change-id', ('changes', 1, 'change_id'), 0),
    ('duplicate-query-id', ('queries', 1, 'query_id'), 'q0'),
    ('duplicate-answer', ('queries', 0, 'answers'), [0, 0]),
    ('unknown-answer', ('queries', 0, 'answers'), [1]),
    ('empty-text', ('queries', 0, 'text'), ' \n'),
]


def test_reads_what_it_writes():
    assert list(check_record(GOOD)) == []
    record = parse_record(GOOD, 'f.jsonl', 1)
    assert record.to_json() == json.loads(json.dumps(GOOD))
    assert record.changes[1].before_box is None
    assert record.queries[1].answers == (7, 0)
    assert record.extra == {'nuisance': ['jpeg']}
    assert record.changes[0].extra == {'faint': True}


@pytest.mark.parametrize(('code', 'path', 'value'), FAULTS)
def test_each_fault_has_its_code_and_stops_the_reader(code, path, value):
    item = edited(path, value)
    assert code in [fault.code for fault in check_record(item)]
    with pytest.raises(AnnotationError, match=r'f\.jsonl:5: '):
        parse_record(item, 'f.jsonl', 5)


def test_all_faults_of_a_line_are_listed():
    item = edited(('queries', 0, 'text'), '')
    item['changes'][0]['before_box'] = [9, 9, 1, 99]
    item['after'] = '/b.png'
    faults = list(check_record(item))
    assert [fault.code for fault in faults] == ['path-leaves-root', 'box-empty', 'box-outside', 'empty-text']
    assert {fault.pair_id for fault in faults} == {'p'}
    assert {fault.code for fault in faults} <= set(FAULT_CODES)


@pytest.mark.parametrize(
    ('subset', 'answers'), [('remove', [7]), ('none', [0]), ('add', []), ('all', [0]), ('move', [0, 7])]
)
def test_subset_that_contradicts_its_answers(subset, answers):
    item = edited(('queries', 0), {'query_id': 'q', 'text': 'x', 'subset': subset, 'answers': answers})
    assert [fault.code for fault in check_record(item)] == ['subset-mismatch']
    parse_record(item, 'f.jsonl')


def test_not_an_object():
    assert [fault.code for fault in check_record([1])] == ['not-object']


def test_rounding_at_the_edge_is_no_fault():
    assert list(check_record(edited(('changes', 0, 'after_box'), [-0.004, 2, 40.004, 20]))) == []


@pytest.mark.parametrize(
    ('text', 'where'),
    [
        ('', ': expected one pair per line'),
        (json.dumps(GOOD) + '\nnot json\n', ':2: '),
        (json.dumps(GOOD) + '\n\n' + json.dumps(GOOD), ":3: pair_id 'p' stands on line 1 already"),
    ],
)
def test_file_faults(tmp_path, text, where):
    path = tmp_path / 'x.jsonl'
    path.write_text(text)
    with pytest.raises(AnnotationError) as caught:
        read_annotations(path)
    assert f'{path}{where}' in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(AnnotationError, match=r'no\.jsonl'):
        read_annotations(tmp_path / 'no.jsonl')
