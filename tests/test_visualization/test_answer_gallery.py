"""Pictures of answers follow the scores, as scoring does, and not the order of the file."""

from __future__ import annotations

import json

import pytest

from difftracker.errors import AnnotationError
from difftracker.visualization.answer_gallery import draw_best_and_worst
from tests.test_datasets.pair_set_factory import pair, write_set

LOW, RIGHT, SURE = [30, 2, 38, 8], [4, 4, 12, 14], [20, 10, 36, 28]
TIDY = {
    'boxes': [SURE, RIGHT, LOW],
    'scores': [0.95, 0.6, 0.2],
    'before_boxes': [RIGHT, SURE, LOW],
    'kinds': ['add', 'move', 'remove'],
}


def mixed(item, order):
    """The same answer with its lists in another order."""
    return {name: [values[place] for place in order] for name, values in item.items()}


def draw(root, name, *answers):
    """Draws what is most wrong among answers to the first query of each of two pairs; returns the picture's bytes."""
    ann_file = write_set(root, [pair(number) for number in range(2)])
    predictions = root / f'{name}.jsonl'
    items = ({'pair_id': f'p{number}', 'query_id': 'q0', **answer} for number, answer in enumerate(answers))
    predictions.write_text(''.join(json.dumps(item) + '\n' for item in items))
    (path,) = draw_best_and_worst(root, ann_file, predictions, root / name, 1, 0.5)
    return path.read_bytes()


@pytest.mark.parametrize('order', [(2, 0, 1), (1, 2, 0)])
def test_boxes_need_not_be_sorted(tmp_path, order):
    # Less sure than the first answer's best box and surer than its second one.
    other = {'boxes': [SURE], 'scores': [0.7], 'kinds': ['add']}
    assert draw(tmp_path, 'tidy', TIDY, other) == draw(tmp_path, 'mixed', mixed(TIDY, order), other)


def test_fields_that_are_null_count_as_absent(tmp_path):
    absent = {'boxes': [SURE], 'scores': [0.7]}
    null = {**absent, 'kinds': None, 'before_boxes': None, 'no_change_score': None}
    assert draw(tmp_path, 'absent', absent) == draw(tmp_path, 'null', null)


def test_before_boxes_of_another_number_are_named(tmp_path):
    with pytest.raises(AnnotationError, match='must be of one length, found 3 boxes, .* 1 before_boxes'):
        draw(tmp_path, 'short', {**TIDY, 'before_boxes': [LOW]})
