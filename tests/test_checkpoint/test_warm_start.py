"""A detector that starts from one with another backbone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from difftracker.apis.build import build_model
from difftracker.checkpoint.least_squares import LeastSquares
from difftracker.checkpoint.warm_start import WarmStart
from difftracker.errors import ConfigError
from tests.test_models.tiny import make_pair, make_sample, shake, tiny_config

LITE2 = {
    'backbone': {
        'backbone': {'type': 'EfficientNetLite', 'arch': 'lite2', 'frozen_stages': 4},
        'in_channels': (24, 48, 120, 352),
    },
    'decoder': {'semantic_channels': (120, 352)},
}


def detector(seed, **changes):
    torch.manual_seed(seed)
    model = build_model(tiny_config(**changes))
    model.init_weights()
    shake(model.decoder, seed)
    return model.eval()


def batches(count):
    for seed in range(count):
        pairs = [make_pair(128, 128, seed=2 * seed + side) for side in (0, 1)]
        yield {'inputs': pairs, 'data_samples': [make_sample(shapes=((128, 128),) * 2) for _ in pairs]}


@torch.no_grad()
def test_equal_maps_give_equal_features():
    """Whatever the fitted layers were before: with the same backbone they must become the source's."""
    source, target = detector(0), detector(1)
    inputs = source.data_preprocessor(next(batches(1)))['inputs']
    wanted, before = source.extract_feat(inputs)[0], target.extract_feat(inputs)[0]
    explained = WarmStart(source, target).fit(batches(12))
    assert min(explained.values()) > 0.999
    for old, new, right in zip(before, target.extract_feat(inputs)[0], wanted, strict=True):
        assert (new - right).norm() < 0.05 * right.norm() < 0.05 * (old - right).norm()


def test_another_backbone_keeps_all_that_does_not_read_it():
    source, target = detector(0), detector(1, **LITE2)
    own = {name: value.clone() for name, value in target.backbone.backbone.state_dict().items()}
    explained = WarmStart(source, target).fit(batches(2))
    assert len(explained) == 9 and all(0 < share <= 1 for share in explained.values())
    for name, value in target.backbone.backbone.state_dict().items():
        assert torch.equal(value, own[name]), name
    known, changed = source.state_dict(), set()
    for name, value in target.state_dict().items():
        if not name.startswith('backbone.backbone.') and not torch.equal(value, known.get(name, value + 1)):
            changed.add(name.rsplit('.', 1)[0])
    assert changed == {*explained, 'decoder.evidence.semantics.0'}


def test_says_what_else_differs():
    narrow = {'neck': {'embed_dims': 16}, 'dense_head': {'in_channels': 16}, 'decoder': {'value_dims': 16}}
    with pytest.raises(ConfigError, match=r'expected .* in the source as in the target'):
        WarmStart(detector(0), detector(0, **narrow))


@pytest.mark.parametrize('bias', [True, False])
def test_least_squares_are_those_of_numpy(bias):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 4)) + 3
    y = x @ rng.normal(size=(4, 2)) + rng.normal(size=(50, 2)) + 5
    problem = LeastSquares(4, 2, bias, ridge=0)
    for part in (slice(20), slice(20, 50)):
        problem.add(torch.from_numpy(x[part]), torch.from_numpy(y[part]))
    weight, offset, explained = problem.solve()
    wide = np.concatenate([x, np.ones((50, 1))], axis=1) if bias else x
    solution, left, *_ = np.linalg.lstsq(wide, y, rcond=None)
    np.testing.assert_allclose(weight.numpy(), solution[:4].T, rtol=1e-5, atol=1e-6)
    assert (offset is None) != bias
    spread = ((y - y.mean(0)) ** 2 if bias else y**2).sum()
    assert explained == pytest.approx(1 - left.sum() / spread)
