"""Pairs composed when they are asked for."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from difftracker.datasets.composed_pairs import MAX_TRIES, ComposedPairs
from difftracker.datasets.pair_mixture import PairMixture
from difftracker.datasets.pair_results import plain_pair, start_results
from difftracker.errors import AnnotationError, ConfigError
from difftracker.synthesis.pair_writer import PairWriter
from difftracker.synthesis.queries import write_queries
from difftracker.utils.image_io import read_image
from tests.test_synthesis.conftest import data_root, recipe_file  # noqa: F401  (fixtures)

KINDS = ('appearance', 'replace', 'remove', 'add', 'move')
PIPELINE = [dict(type='PairResize', scale=(96, 96)), dict(type='PairRandomFlip'), dict(type='PackPairInputs')]


@pytest.fixture()
def build(data_root, recipe_file):  # noqa: F811
    """Makes a set of eight pairs of the made-up sources."""

    def make(**settings):
        given = dict(
            pipeline=PIPELINE, kinds=KINDS, pairs=8, queries_per_pair=3, long_side=96, cutouts='cutouts/index.csv'
        )
        return ComposedPairs(str(recipe_file), str(data_root), **{**given, **settings})

    return make


def content(sample):
    """All that a sample holds, comparable."""
    data = sample['data_samples']
    truth = [getattr(data.gt_changes, name).tolist() for name in ('boxes_before', 'boxes_after', 'kinds')]
    return sample['inputs'].numpy().tobytes(), data.pair_id, data.texts, data.gt_answers.tolist(), truth


def test_a_sample_follows_from_seed_draw_and_index(build):
    first, second = build(), build()
    wanted = content(first.sample(5, 2))
    for index, draw in ((0, 0), (5, 1), (4, 2)):
        assert content(second.sample(index, draw)) != wanted
    assert content(second.sample(5, 2)) == wanted
    assert content(build(seed=1).sample(5, 2))[0] != wanted[0]
    assert len(first) == 8 and first.metainfo == {'kinds': KINDS}


def test_the_epoch_is_the_draw(build):
    pairs = build()
    early = content(pairs[3])
    pairs.set_epoch(4)
    assert content(pairs[3]) == content(pairs.sample(3, 4)) != early


@pytest.mark.parametrize('workers', [0, 2])
def test_workers_make_no_difference(build, workers):
    """In the mixture, over two epochs, workers living on."""
    mixture = PairMixture([build(), build(seed=9)], samples_per_epoch=4, seed=2)
    loader = DataLoader(
        mixture,
        2,
        num_workers=workers,
        persistent_workers=workers > 0,
        collate_fn=list,
        multiprocessing_context='fork' if workers else None,
    )
    reference = PairMixture([build(), build(seed=9)], samples_per_epoch=4, seed=2)
    seen = []
    for epoch in range(2):
        mixture.set_epoch(epoch)
        reference.set_epoch(epoch)
        found = [content(sample) for batch in loader for sample in batch]
        assert found == [content(reference[place]) for place in range(4)]
        seen += [pixels for pixels, *_ in found]
    # No pair comes twice.
    assert len(set(seen)) == 8


def test_what_is_written_to_files_is_what_is_composed(build, tmp_path, monkeypatch):
    """The same generator state gives the pictures, boxes and sentences that the tool for whole sets writes."""
    pairs = build(pipeline=[])
    results = pairs.sample(3, 0)
    state = (0, 0, 3, 0)
    streams = {(7, 0): (*state, 1), (7, 0, 1): (*state, 2)}
    writer = PairWriter(pairs.composer, pairs.recipe, tmp_path, 'train', 7)
    plain = np.random.default_rng
    with monkeypatch.context() as patch:
        patch.setattr(np.random, 'default_rng', lambda key: plain(streams[key]))
        record = writer.write(0)
    for side, path in (('before', record.before), ('after', record.after)):
        written = read_image(tmp_path / path)
        # Two decoders of one JPEG may differ by a rounding.
        assert np.abs(written.astype(int) - results[f'img_{side}']).max() <= 3
        assert results[f'ori_shape_{side}'] == written.shape[:2]
    truth = start_results(plain_pair(record, KINDS), None)
    for name in ('boxes_before', 'boxes_after', 'valid_before', 'valid_after', 'kinds'):
        np.testing.assert_array_equal(results[name], truth[name])
    asked = [
        text
        for text, answers in zip(truth['texts'], truth['answers'], strict=True)
        if truth['valid_after'][answers].all()
    ]
    assert results['texts'] == asked and 1 <= len(asked) <= 3


def test_screens(build, tmp_path, data_root):  # noqa: F811
    recipe = {
        'name': 'screens',
        'domain': 'screen',
        'pictures': [{'type': 'screens', 'annotations': 'screens/annotations/{split}.jsonl', 'root': 'screens'}],
        'change_counts': {'1': 1.0},
    }
    path = tmp_path / 'screens.json'
    path.write_text(json.dumps(recipe))
    pairs = ComposedPairs(str(path), str(data_root), PIPELINE, KINDS, 4, long_side=96)
    sample = pairs[0]
    assert sample['inputs'].shape == (2, 3, 96, 96) and sample['inputs'].dtype == torch.uint8
    assert len(sample['data_samples'].gt_changes) == 1


def test_a_pair_that_cannot_be_made_is_replaced(build, monkeypatch):
    pairs = build()
    compose, calls = pairs.composer.compose, []

    def sometimes(rng):
        calls.append(rng)
        if len(calls) < 3:
            raise ConfigError('no place')
        return compose(rng)

    monkeypatch.setattr(pairs.composer, 'compose', sometimes)
    assert pairs[1]['data_samples'].pair_id == 'toy-train-0-0-1-2'
    monkeypatch.setattr(pairs.composer, 'compose', lambda rng: compose(None))
    monkeypatch.setattr(pairs, '_compose', lambda state: (_ for _ in ()).throw(ConfigError(f'no place {state[-1]}')))
    with pytest.raises(ConfigError, match=f'no place {MAX_TRIES - 1}'):
        pairs[1]


def test_pairs_with_a_choice(build):
    pairs = build(min_changes=2, queries_per_pair=8)
    assert all(len(pairs.sample(index, 0)['data_samples'].gt_changes) >= 2 for index in range(6))
    assert any(len(build().sample(index, 0)['data_samples'].gt_changes) < 2 for index in range(6))


def test_concise_sentences_are_asked_for(build, monkeypatch):
    told = []

    def write(scene, rng, count, concise):
        told.append((count, concise))
        return write_queries(scene, rng, count, concise)

    monkeypatch.setattr('difftracker.datasets.composed_pairs.write_queries', write)
    assert build(concise=True)[0]['data_samples'].texts
    build()[0]
    assert told == [(3, True), (3, False)]


def test_changes_are_described(build):
    """Names and colours, which a part of the model learns from."""
    pairs = build(min_changes=1)
    told = [item for index in range(4) for item in pairs.sample(index, 0)['data_samples'].gt_changes.descriptions]
    assert {name for before, after, *_ in told for name in (before, after)} & {'box', 'brick', 'book', 'ball', 'plate'}


def test_faulty_arguments(build):
    with pytest.raises(ConfigError, match='at least 1, found 0, 3'):
        build(pairs=0)
    with pytest.raises(ConfigError, match='expected an index of them'):
        build(cutouts=None)
    with pytest.raises(AnnotationError, match='nowhere'):
        build(cutouts='nowhere.csv')
    with pytest.raises(ConfigError, match='change_counts: expected weights'):
        build(min_changes=9)
