"""Batches of pairs of unequal size."""

from __future__ import annotations

import torch

from difftracker.models.data_preprocessors import PairDataPreprocessor
from tests.test_models.tiny import make_pair, make_sample


def test_normalises_and_pads_with_zero():
    preprocessor = PairDataPreprocessor(mean=(10.0, 20.0, 30.0), std=(2.0, 4.0, 5.0), size_divisor=32)
    pairs = [make_pair(40, 64), make_pair(32, 30, seed=1)]
    found = preprocessor({'inputs': pairs, 'data_samples': None}, training=True)['inputs']
    assert found.shape == (2, 2, 3, 64, 64) and found.dtype == torch.float32
    for row, pair in enumerate(pairs):
        height, width = pair.shape[-2:]
        for channel, (mean, std) in enumerate(((10, 2), (20, 4), (30, 5))):
            expected = (pair[:, channel].float() - mean) / std
            torch.testing.assert_close(found[row, :, channel, :height, :width], expected)
        assert not found[row, ..., height:, :].any() and not found[row, ..., width:].any()


def test_training_keeps_the_canvas():
    sample = make_sample(shapes=((32, 32), (32, 32)))
    data = {'inputs': [make_pair(128, 128)], 'data_samples': [sample]}
    found = PairDataPreprocessor()(data, training=True)
    assert found['inputs'].shape[-2:] == (128, 128)
    assert found['data_samples'][0] is not None


def test_inference_cuts_off_what_holds_no_picture():
    # Before fills 60 x 100 of the canvas, after 90 x 40 (height x width): 90 x 100 are needed, 96 x 128 are a multiple.
    sample = make_sample(shapes=((120, 200), (45, 20)), scales=(0.5, 2.0))
    pair = make_pair(128, 192)
    found = PairDataPreprocessor()({'inputs': [pair], 'data_samples': [sample]}, training=False)['inputs']
    assert found.shape == (1, 2, 3, 96, 128)
    torch.testing.assert_close(found[0, ..., :90, :100], (pair[..., :90, :100].float() - 127) / 128)
    assert not found[..., 90:, :].any() and not found[..., 100:].any()


def test_the_largest_pair_sets_the_size():
    samples = [make_sample(shapes=((20, 20), (20, 20))), make_sample(shapes=((64, 33), (20, 20)))]
    data = {'inputs': [make_pair(96, 96), make_pair(96, 96)], 'data_samples': samples}
    assert PairDataPreprocessor()(data)['inputs'].shape[-2:] == (64, 64)


def test_nothing_of_it_is_saved():
    assert not PairDataPreprocessor().state_dict()
