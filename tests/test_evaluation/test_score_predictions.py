"""Scores against figures worked out by hand, and AP50 against pycocotools."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest

from difftracker.errors import AnnotationError
from difftracker.evaluation import format_report, score_predictions
from difftracker.evaluation.box_matching import average_precision, match_boxes, pairwise_iou
from difftracker.structures import Change, PairRecord, Query


def record(pair_id, boxes, queries, types=None, **extra):
    types = types or ['remove'] * len(boxes)
    changes = tuple(Change(place, kind, box, box) for place, (box, kind) in enumerate(zip(boxes, types, strict=True)))
    return PairRecord(pair_id, 'a.png', 'b.png', (100, 100), (100, 100), changes, tuple(queries), extra=extra)


def query(query_id, answers, subset='remove', **extra):
    return Query(query_id, 'what?', subset, tuple(answers), extra or None)


def answer(pair_id, query_id, boxes, scores=None, **extra):
    scores = [1 - place / 10 for place in range(len(boxes))] if scores is None else scores
    return {'pair_id': pair_id, 'query_id': query_id, 'boxes': boxes, 'scores': scores, **extra}


A, B, FAR = (10, 10, 30, 30), (50, 50, 90, 90), (0, 80, 10, 99)


@pytest.fixture()
def records():
    return [
        record(
            'one',
            [A],
            [query('q0', [0], form='named'), query('q1', [], 'none', form='category-free')],
            nuisance=['jpeg'],
        ),
        record(
            'two',
            [A, B],
            [query('q0', [0], form='named'), query('q1', [1], 'add'), query('q2', [0, 1], 'all')],
            types=['remove', 'add'],
            nuisance=[],
        ),
        record('same', [], [query('q0', [], 'none')]),
    ]


def rows(report):
    return {(row['group'], row['name']): row for row in report['rows']}


def test_iou_by_hand():
    overlaps = pairwise_iou(np.array([[0, 0, 10, 10]]), np.array([[5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 10, 20]]))
    np.testing.assert_allclose(overlaps, [[1 / 3, 0, 0.5]])


def test_iou_of_empty_box_is_zero():
    assert pairwise_iou(np.array([[5, 5, 5, 5]]), np.array([[5, 5, 5, 5]]))[0, 0] == 0


def test_each_target_is_found_once():
    overlaps = np.array([[0.9, 0.6], [0.8, 0.7], [0.6, 0.6]])
    assert match_boxes(overlaps, 0.5).tolist() == [True, True, False]


def test_sizes_are_shares_of_the_after_picture():
    boxes = [(0, 0, 10, 9.9), (0, 0, 10, 10), (0, 0, 30, 29.9), (0, 0, 30, 30)]
    # A large picture before, so that a share of the wrong one would show.
    pairs = [
        PairRecord(
            str(place), 'a', 'b', (900, 900), (100, 100), (Change(0, 'add', None, box),), (query('q0', [0]),), extra={}
        )
        for place, box in enumerate(boxes)
    ]
    found = [answer(str(place), 'q0', [box]) for place, box in enumerate(boxes) if place != 1]
    table = rows(score_predictions(pairs, found, 0.0))
    assert [name for group, name in table if group == 'size'] == ['small', 'medium', 'large']
    assert [table['size', name]['acc50'] for name in ('small', 'medium', 'large')] == [1.0, 0.5, 1.0]


def test_all_right(records):
    predictions = [
        answer('one', 'q0', [A]),
        answer('one', 'q1', []),
        answer('two', 'q0', [A]),
        answer('two', 'q1', [B]),
        answer('two', 'q2', [A, B]),
        answer('same', 'q0', []),
    ]
    report = score_predictions(records, predictions, 0.5)
    assert set(report['summary'].values()) == {1.0}
    assert report['summary'].keys() == {
        'acc50_single',
        'acc50_one_change',
        'acc50_multi',
        'none_accuracy',
        'mean_iou',
        'f1_50',
        'ap50',
        'score',
    }
    assert report['errors'] == {
        'right': 3,
        'rightly silent': 2,
        'loose box': 0,
        'wrong change': 0,
        'wrong place': 0,
        'missed': 0,
        'invented': 0,
    }


def test_summary_by_hand(records):
    half = (10, 10, 30, 20)  # IoU 0.5 with A
    predictions = [
        answer('one', 'q0', [half]),  # right, IoU 0.5
        answer('one', 'q1', [FAR], [0.6]),  # invented
        answer('two', 'q0', [B, A]),  # wrong change
        answer('two', 'q1', [FAR, B]),  # wrong place
        answer('two', 'q2', [A, FAR]),  # F1: 2*1/(2+2)
        answer('same', 'q0', [FAR], [0.4]),  # below the threshold: silent
    ]
    report = score_predictions(records, predictions, 0.5)
    summary = report['summary']
    assert summary['acc50_single'] == pytest.approx(1 / 3)
    assert summary['acc50_one_change'] == 1
    assert summary['acc50_multi'] == 0
    assert summary['none_accuracy'] == 0.5
    assert summary['mean_iou'] == pytest.approx(0.5 / 3)
    assert summary['f1_50'] == 0.5
    assert summary['score'] == pytest.approx((1 + 0 + 0.5) / 3)
    assert report['errors'] == {
        'right': 1,
        'loose box': 0,
        'wrong change': 1,
        'wrong place': 1,
        'missed': 0,
        'rightly silent': 1,
        'invented': 1,
    }


@pytest.mark.parametrize(
    ('box', 'end'),
    [
        ((10, 10, 30, 20), 'right'),  # IoU 200 / 400 with A
        ((10, 10, 30, 19.9), 'loose box'),  # 198 / 400
        ((10, 10, 30, 12), 'loose box'),  # 40 / 400
        ((10, 10, 30, 11.9), 'wrong place'),  # 38 / 400
        ((10, 22, 30, 30), 'wrong change'),  # 160 / 400 with A, 160 / 160 with the other one
        ((52, 52, 60, 90), 'wrong place'),  # 0 with A, 304 / 1600 with B
    ],
)
def test_loose_box_on_the_right_change_is_no_wrong_place(box, end):
    changed = record('p', [A, (10, 22, 30, 30), B], [query('q', [0])])
    errors = score_predictions([changed], [answer('p', 'q', [box, A])], 0.0)['errors']
    assert {kind for kind, count in errors.items() if count} == {end}


def test_rows_by_group(records):
    report = score_predictions(records, [answer('one', 'q0', [A]), answer('two', 'q1', [A])], 0.5)
    table = rows(report)
    assert table['subset', 'remove']['acc50'] == 0.5
    assert table['subset', 'add']['acc50'] == 0
    assert table['subset', 'none']['none_accuracy'] == 1
    assert table['subset', 'none']['acc50'] is None
    assert table['kind', 'remove']['queries'] == 2
    assert table['kind', 'add']['queries'] == 1
    assert table['form', 'named']['queries'] == 2
    assert table['form', 'category-free']['none'] == 1
    assert table['nuisance', 'jpeg']['queries'] == 2
    assert table['nuisance', 'none']['queries'] == 3
    assert table['answers', 'no answer, unchanged pair']['queries'] == 1
    assert table['answers', 'no answer, changed pair']['queries'] == 1
    assert table['overall', 'all queries']['queries'] == 6
    assert report['counts'] == {
        'pairs': 3,
        'changes': 3,
        'queries': 6,
        'scored': 6,
        'skipped_out_of_view': 0,
        'missing_predictions': 4,
    }


def test_threshold_decides_but_ap_takes_all(records):
    predictions = [answer('one', 'q0', [A], [0.3])]
    report = score_predictions(records[:1], predictions, 0.5)
    assert report['errors']['missed'] == 1
    assert report['summary']['ap50'] == 1
    assert score_predictions(records[:1], predictions, 0.3)['summary']['acc50_one_change'] == 1


def test_boxes_need_not_be_sorted(records):
    predictions = [answer('one', 'q0', [FAR, A], [0.2, 0.9], kinds=['add', 'remove'])]
    report = score_predictions(records[:1], predictions, 0.1)
    assert report['summary']['acc50_single'] == 1
    assert report['confusion'] == {'kinds': ['remove'], 'matrix': [[1]]}


def test_confusion_counts_found_answers_only(records):
    predictions = [
        answer('one', 'q0', [A], kinds=['move']),
        answer('two', 'q0', [FAR], kinds=['add']),
        answer('two', 'q1', [B], kinds=['add']),
    ]
    confusion = score_predictions(records, predictions, 0.0)['confusion']
    assert confusion == {'kinds': ['add', 'move', 'remove'], 'matrix': [[1, 0, 0], [0, 0, 0], [0, 1, 0]]}


def test_old_places_of_moved_things():
    """Two moved things and one removed, each asked for twice; IoU of (12, 10, 30, 30) and A is 0.9."""
    changes = (Change(0, 'move', A, FAR), Change(1, 'move', None, B), Change(2, 'remove', FAR, A))
    queries = tuple(query(f'q{place}', [place // 2], 'move') for place in range(6))
    moved = PairRecord('p', 'a.png', 'b.png', (100, 100), (100, 100), changes, queries, extra={})
    predictions = [
        answer('p', 'q0', [A, FAR], [0.2, 0.9], before_boxes=[B, (12, 10, 30, 30)]),
        answer('p', 'q1', [FAR, A], before_boxes=[FAR, A]),
        answer('p', 'q2', [B], before_boxes=[B]),
        answer('p', 'q4', [A], before_boxes=[FAR]),
        answer('p', 'q5', [B], before_boxes=[FAR]),
    ]
    report = score_predictions([moved], predictions, 0.5)
    assert report['old_places'] == {'moved': 2, 'right': 1}
    assert format_report(report).endswith(
        'of 2 moved things that were rightly found, 1 with the place where they stood before'
    )
    for item in predictions:
        del item['before_boxes']
    assert score_predictions([moved], predictions, 0.5)['old_places'] is None


def test_answers_out_of_view_are_skipped():
    gone = PairRecord('p', 'a', 'b', (9, 9), (9, 9), (Change(0, 'move', (1, 1, 2, 2), None),), (query('q', [0]),))
    report = score_predictions([gone], [answer('p', 'q', [A])], 0.0)
    assert report['counts']['skipped_out_of_view'] == 1
    assert report['counts']['scored'] == 0
    assert report['summary'] == {}
    format_report(report)


@pytest.mark.parametrize(
    ('prediction', 'words'),
    [
        (answer('x', 'q0', []), "found 'x'"),
        (answer('one', 'q9', []), "found 'q9'"),
        (answer('one', 'q0', [A], []), 'boxes, scores must be of one length, found 1 boxes, 0 scores'),
        (answer('one', 'q0', [A], before_boxes=[A, B]), 'one length, found 1 boxes, 1 scores, 2 before_boxes'),
        (answer('one', 'q0', [A], before_boxes=[(3, 1, 2, 4)]), 'before_boxes must be'),
        (answer('one', 'q0', [A[:3]]), 'list of'),
        (answer('one', 'q0', [(0, 0, 1, float('nan'))]), 'finite'),
        (answer('one', 'q0', [A], ['high']), 'list of numbers'),
        (answer('one', 'q0', [A], kinds=[]), '0 kinds'),
        (answer('one', 'q0', [A], kinds=5), 'kinds must be a list of strings, found 5'),
        (answer('one', 'q0', [A], kinds={'0': 'add'}), 'kinds must be a list of strings, found {'),
        (answer('one', 'q0', [A, B], kinds='ab'), "kinds must be a list of strings, found 'ab'"),
        (answer('one', 'q0', [A, B], kinds=[1, None]), r'kinds must be a list of strings, found \[1, None\]'),
        (answer('one', 'q0', [A, (50, 60, 40, 70)]), r'not \[x, y, width, height\], found \[50.0, 60.0, 40.0, 70.0\]'),
        (answer('one', 'q0', [(50, 60, 70, 40)]), r'x1 <= x2 and y1 <= y2.*found \[50.0, 60.0, 70.0, 40.0\]'),
        (answer('one', 'q0', [A, B], [0.5, 7.5]), 'scores must be from 0 to 1, found 7.5'),
        (answer('one', 'q0', [A], [-0.1]), 'scores must be from 0 to 1, found -0.1'),
        ({'pair_id': 'one', 'query_id': 'q0', 'boxes': []}, "'scores'"),
    ],
)
def test_faulty_predictions_are_named(records, prediction, words):
    with pytest.raises(AnnotationError, match=words):
        score_predictions(records, [prediction], 0.0)


def test_limits_and_null_kinds_are_allowed(records):
    predictions = [answer('one', 'q0', [A, (5, 5, 5, 5)], [1, 0], kinds=None)]
    assert score_predictions(records[:1], predictions, 0.0)['summary']['acc50_single'] == 1


def test_f1_of_summary_is_about_several_answers_and_of_rows_about_all(records):
    report = score_predictions(records, [answer('one', 'q0', [A]), answer('two', 'q2', [A, FAR])], 0.5)
    table = rows(report)
    assert report['summary']['f1_50'] == table['answers', 'several answers']['f1_50'] == 0.5
    assert table['overall', 'all queries']['f1_50'] == pytest.approx((1 + 0 + 0 + 0.5) / 4)


def test_second_prediction_of_a_query_is_refused(records):
    with pytest.raises(AnnotationError, match='second one'):
        score_predictions(records, [answer('one', 'q0', [])] * 2, 0.0)


def test_average_precision_needs_targets():
    assert average_precision(np.array([0.5]), np.array([False]), 0) is None
    assert average_precision(np.zeros(0), np.zeros(0, bool), 3) == 0


def coco_ap50(pairs, predictions):
    """AP50 of pycocotools with one image per query and one class."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    ids, images, truths, found = {}, [], [], []
    for pair in pairs:
        for one in pair.queries:
            ids[pair.pair_id, one.query_id] = len(images) + 1
            images.append({'id': len(images) + 1})
            for change in pair.changes:
                if change.change_id in one.answers:
                    x1, y1, x2, y2 = change.after_box
                    truths.append(
                        {
                            'id': len(truths) + 1,
                            'image_id': len(images),
                            'category_id': 1,
                            'iscrowd': 0,
                            'bbox': [x1, y1, x2 - x1, y2 - y1],
                            'area': (x2 - x1) * (y2 - y1),
                        }
                    )
    for one in predictions:
        for (x1, y1, x2, y2), score in zip(one['boxes'], one['scores'], strict=True):
            found.append(
                {
                    'image_id': ids[one['pair_id'], one['query_id']],
                    'category_id': 1,
                    'score': score,
                    'bbox': [x1, y1, x2 - x1, y2 - y1],
                }
            )
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {'images': images, 'annotations': truths, 'categories': [{'id': 1}]}
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(found), 'bbox')
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run.stats[1]


@pytest.mark.parametrize('seed', range(4))
def test_ap50_equals_pycocotools(seed):
    rng = np.random.default_rng(seed)

    def boxes(count):
        corner = rng.uniform(0, 60, (count, 2))
        return np.concatenate((corner, corner + rng.uniform(5, 40, (count, 2))), axis=1)

    pairs, predictions = [], []
    for number in range(40):
        truths = boxes(rng.integers(0, 5))
        answers = [place for place in range(len(truths)) if rng.random() < 0.7]
        pairs.append(record(f'p{number}', [tuple(box) for box in truths], [query('q', answers)]))
        near = truths[answers] + rng.normal(0, 3, (len(answers), 4))
        guesses = np.concatenate((near, near[:1] + 1, boxes(rng.integers(0, 4))))
        guesses[:, 2:] = np.maximum(guesses[:, 2:], guesses[:, :2] + 1)
        predictions.append(answer(f'p{number}', 'q', guesses.tolist(), rng.random(len(guesses)).tolist()))
    ours = score_predictions(pairs, predictions, 0.5)['summary']['ap50']
    assert 0.1 < ours < 0.9
    assert ours == pytest.approx(coco_ap50(pairs, predictions), abs=1e-9)


def test_report_reads_well(records):
    report = score_predictions(records, [answer('one', 'q0', [A], kinds=['add'])], 0.5)
    text = format_report(report)
    assert 'Acc@0.5' in text
    assert '5 queries have no prediction' in text
    assert max(map(len, text.splitlines())) <= 120
    line = next(line for line in text.splitlines() if 'pair of one change' in line)
    assert line.split()[-4:] == ['100.0', '100.0', '-', '100.0']
    markdown = format_report(report, markdown=True)
    header, rule = markdown.splitlines()[4:6]
    assert header.count('|') == rule.count('|') == 9
    assert set(rule) <= set('|-: ')
