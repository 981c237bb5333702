"""The data set: what a sample holds, and what its random choices depend on."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from mmengine.dataset import ConcatDataset, pseudo_collate
from torch.utils.data import DataLoader

from difftracker.datasets.dataset_epoch import set_dataset_epoch
from difftracker.datasets.diffground_dataset import DiffGroundDataset
from difftracker.datasets.pair_mixture import PairMixture
from difftracker.errors import AnnotationError, ConfigError, ImageReadError
from difftracker.registry import DATASETS
from tests.test_datasets.pair_set_factory import change, pair, write_set

KINDS = ('remove', 'move')
PIPELINE = [{'type': 'LoadImagePair'}, {'type': 'PairResize', 'scale': (32, 32)}, {'type': 'PackPairInputs'}]


def keep(results):
    return results


def build(path, pipeline=(keep,), **options):
    return DiffGroundDataset('annotations/train.jsonl', str(path.parent.parent), pipeline, KINDS, **options)


def test_raw_sample(data_set):
    item = build(data_set, test_mode=True)[1]
    assert item['pair_id'] == 'p1'
    assert item['before_path'] == str(data_set.parent.parent / 'images/1_a.png')
    assert item['kinds'].tolist() == [0, -1]
    assert item['boxes_after'].dtype == np.float32
    assert item['answers'] == [[0], [0, 1], []]
    assert item['query_ids'] == ['q0', 'q1', 'q2']


def test_answers_are_positions_not_ids(tmp_path):
    changes = [change(7), change(3)]
    queries = [{'query_id': 'q', 'text': 'x', 'subset': 'remove', 'answers': [3]}]
    path = write_set(tmp_path, [pair(0, changes, queries)], pictures=False)
    assert build(path)[0]['answers'] == [[1]]


def test_packed_sample(data_set):
    sample = build(data_set, PIPELINE, test_mode=True)[0]
    assert sample['inputs'].shape == (2, 3, 32, 32)
    assert sample['inputs'].dtype == torch.uint8
    truth = sample['data_samples']
    assert truth.gt_answers.tolist() == [[True, False], [True, True], [False, False]]
    torch.testing.assert_close(truth.gt_changes.boxes_after[0], torch.tensor([4.0, 4, 12, 14]) * 0.8)
    assert truth.ori_shape_before == (30, 40)
    assert truth.before_scale == 0.8
    assert truth.texts[1] == 'find all'


def test_queries_are_drawn_without_repeats(data_set):
    data = build(data_set, queries_per_pair=2)
    seen = set()
    for epoch in range(20):
        data.set_epoch(epoch)
        drawn = data[0]['query_ids']
        assert len(set(drawn)) == 2
        seen |= set(drawn)
        assert drawn == data[0]['query_ids']
    assert seen == {'q0', 'q1', 'q2'}
    assert len(build(data_set, queries_per_pair=9)[0]['query_ids']) == 3
    assert len(build(data_set, queries_per_pair=1, test_mode=True)[0]['query_ids']) == 3


def test_random_numbers_follow_seed_epoch_and_index(data_set):
    def drawn(seed, epoch, index):
        data = build(data_set, seed=seed)
        data.set_epoch(epoch)
        return data[index]['rng'].random()

    base = drawn(0, 0, 0)
    assert base == drawn(0, 0, 0)
    assert len({base, drawn(1, 0, 0), drawn(0, 1, 0), drawn(0, 0, 1)}) == 4


def test_training_passes_over_answers_out_of_view(tmp_path):
    changes = [change(0, after=None), change(1)]
    path = write_set(tmp_path, [pair(0, changes)], pictures=False)
    assert build(path)[0]['query_ids'] == ['q2']
    assert build(path, test_mode=True)[0]['query_ids'] == ['q0', 'q1', 'q2']
    assert build(path)[0]['valid_after'].tolist() == [False, True]
    assert build(path)[0]['valid_before'].tolist() == [True, True]


def test_broken_picture_is_replaced_in_training_and_raised_in_tests(data_set):
    (data_set.parent.parent / 'images/1_b.png').write_bytes(b'nothing')
    sample = build(data_set, PIPELINE)[1]
    assert sample['data_samples'].pair_id in ('p0', 'p2')
    assert sample['data_samples'].pair_id == build(data_set, PIPELINE)[1]['data_samples'].pair_id
    with pytest.raises(ImageReadError, match=r'1_b\.png'):
        build(data_set, PIPELINE, test_mode=True)[1]


def test_set_without_usable_pair_ends_in_an_error(data_set):
    for file in (data_set.parent.parent / 'images').iterdir():
        file.write_bytes(b'')
    with pytest.raises(ImageReadError, match='in a row'):
        build(data_set, PIPELINE)[0]


def test_pair_without_change(tmp_path):
    queries = [{'query_id': 'q', 'text': 'anything?', 'subset': 'none', 'answers': []}]
    path = write_set(tmp_path, [pair(0, [], queries)])
    truth = build(path, PIPELINE)[0]['data_samples']
    assert truth.gt_answers.shape == (1, 0)
    assert truth.gt_changes.boxes_after.shape == (0, 4)


def test_few_changes_can_be_left_out(tmp_path):
    few = [{'query_id': 'q', 'text': 'x', 'subset': 'remove', 'answers': [0]}]
    path = write_set(tmp_path, [pair(0, [change(0)], few), pair(1), pair(2, [change(0)], few)], pictures=False)
    assert [item['pair_id'] for item in build(path, min_changes=2)] == ['p1']
    assert len(build(path, min_changes=1)) == 3
    with pytest.raises(ConfigError, match='min_changes: expected at most 2, .*train.jsonl has, found 7'):
        build(path, min_changes=7)


def test_descriptions_say_what_stands_there_before_and_after(tmp_path):
    changes = [
        {**change(0, 'remove'), 'label': 'cat', 'colour_before': 'red'},
        {**change(1, 'add'), 'label': 'dog', 'colour_after': 'blue'},
        {**change(2, 'replace'), 'label': 'cat', 'new_label': 'dog', 'colour_before': 'red', 'colour_after': 'blue'},
        {**change(3, 'appearance'), 'label': 'cup'},
        change(4, 'open'),
    ]
    path = write_set(tmp_path, [pair(0, changes)])
    truth = build(path, PIPELINE, queries_per_pair=1)[0]['data_samples'].gt_changes
    assert truth.descriptions == [
        ('cat', None, 'red', None),
        (None, 'dog', None, 'blue'),
        ('cat', 'dog', 'red', 'blue'),
        ('cup', 'cup', None, None),
        (None, None, None, None),
    ]


def test_faults_of_the_file_stop_the_start(tmp_path):
    path = write_set(tmp_path, [pair(0), pair(0)], pictures=False)
    with pytest.raises(AnnotationError):
        build(path)
    with pytest.raises(ConfigError, match='queries_per_pair'):
        build(path, queries_per_pair=0)


def test_pickles_and_registers(data_set):
    data = pickle.loads(pickle.dumps(build(data_set)))
    data.set_epoch(3)
    assert data[2]['pair_id'] == 'p2'
    config = {
        'type': 'DiffGroundDataset',
        'ann_file': str(data_set),
        'data_root': str(data_set.parent.parent),
        'pipeline': PIPELINE,
        'kinds': KINDS,
        'indices': 2,
    }
    assert len(DATASETS.build(config)) == 2


def test_epoch_reaches_workers_that_live_on(data_set):
    data = build(data_set, PIPELINE[:1] + [first_number])
    loader = DataLoader(data, batch_size=1, num_workers=1, persistent_workers=True, collate_fn=pseudo_collate)
    epochs = []
    for epoch in range(2):
        set_dataset_epoch(data, epoch)
        epochs.append([batch['number'][0] for batch in loader])
    assert epochs[0] != epochs[1]
    assert epochs[1] == [data[index]['number'] for index in range(3)]


def first_number(results):
    return {'number': results['rng'].random()}


def test_epoch_reaches_wrapped_sets(data_set):
    parts = [build(data_set, (first_number,)), build(data_set, (first_number,))]
    both = ConcatDataset(parts)
    first = both[4]['number']
    set_dataset_epoch(both, 5)
    assert both[4]['number'] != first
    assert both[4]['number'] == parts[0][1]['number']


class TestPairMixture:
    def test_shares_and_passes(self, data_set):
        parts = [build(data_set, indices=2), build(data_set, indices=3, seed=1)]
        mixture = PairMixture(parts, weights=(1, 3), samples_per_epoch=8)
        assert mixture.counts == [2, 6]
        plan = mixture.plan()
        assert sorted(plan) == [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1), (1, 2, 0), (1, 2, 1)]
        assert len(mixture) == len([mixture[place] for place in range(8)])

    def test_a_set_goes_on_where_the_last_epoch_stopped(self, data_set):
        mixture = PairMixture([build(data_set)], samples_per_epoch=1)
        drawn = []
        for epoch in range(3):
            mixture.set_epoch(epoch)
            drawn += mixture.plan()
        assert sorted(drawn) == [(0, 0, 0), (0, 1, 0), (0, 2, 0)]

    def test_order_follows_seed_and_epoch(self, data_set):
        def plan(seed, epoch):
            mixture = PairMixture([build(data_set)], samples_per_epoch=30, seed=seed)
            mixture.set_epoch(epoch)
            return mixture.plan()

        assert plan(0, 1) == plan(0, 1)
        assert plan(0, 1) != plan(0, 2)
        assert plan(0, 1) != plan(1, 1)

    def test_the_same_pair_drawn_twice_differs(self, data_set):
        mixture = PairMixture([build(data_set, (first_number,))], samples_per_epoch=9)
        assert len({mixture[place]['number'] for place in range(9)}) == 9

    def test_faulty_settings(self, data_set):
        with pytest.raises(ConfigError, match='at least one'):
            PairMixture([])
        with pytest.raises(ConfigError, match='weights'):
            PairMixture([build(data_set)], weights=(1, 2))
        with pytest.raises(ConfigError, match='samples_per_epoch'):
            PairMixture([build(data_set)], samples_per_epoch=0)
        with pytest.raises(IndexError):
            PairMixture([build(data_set)])[3]
