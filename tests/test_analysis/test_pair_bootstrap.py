"""The bootstrap against drawing by hand, and its intervals against how often they are right."""

from __future__ import annotations

import numpy as np
import pytest

from difftracker.analysis.pair_bootstrap import PairBootstrap, bounded_interval, percentile_interval
from difftracker.evaluation.box_matching import average_precision


@pytest.fixture()
def boxes():
    """Boxes of 30 pairs with ties among the scores, and the number of targets of each pair."""
    rng = np.random.default_rng(5)
    pairs = rng.integers(0, 30, 400)
    return pairs, rng.integers(0, 60, 400) / 60, rng.random(400) < 0.3, np.bincount(pairs, minlength=30)


def drawn(bootstrap, draw):
    """Places of the pairs of a draw, as often as they were drawn."""
    counts = [round(bootstrap.mean(np.arange(30), np.eye(30)[pair])[draw] * 30) for pair in range(30)]
    return np.repeat(np.arange(30), counts)


def test_a_draw_is_as_many_pairs_with_replacement():
    bootstrap = PairBootstrap([str(pair) for pair in range(30)], draws=3)
    chosen = [drawn(bootstrap, draw) for draw in range(3)]
    assert all(len(one) == 30 and len(set(one.tolist())) < 30 for one in chosen)
    assert chosen[0].tolist() != chosen[1].tolist()


def test_figures_of_a_draw_are_those_of_its_pairs(boxes):
    pairs, scores, hits, targets = boxes
    bootstrap = PairBootstrap([str(pair) for pair in range(30)], draws=4)
    means = bootstrap.mean(pairs, scores)
    precisions = bootstrap.average_precision(pairs, scores, hits, targets)
    for draw in range(4):
        rows = np.concatenate([np.nonzero(pairs == pair)[0] for pair in drawn(bootstrap, draw)])
        assert means[draw] == pytest.approx(scores[rows].mean())
        # Boxes of equal score keep the order of the list, copies side by side.
        rows.sort()
        expected = average_precision(scores[rows], hits[rows], int(targets[drawn(bootstrap, draw)].sum()))
        assert precisions[draw] == pytest.approx(expected)


def test_blocks_change_nothing(boxes, monkeypatch):
    bootstrap = PairBootstrap([str(pair) for pair in range(30)], draws=5)
    pairs, scores, hits, targets = boxes
    whole = bootstrap.average_precision(pairs, scores, hits, targets)
    monkeypatch.setattr('difftracker.analysis.pair_bootstrap._BLOCK', 7)
    np.testing.assert_allclose(bootstrap.average_precision(pairs, scores, hits, targets), whole)


def test_intervals_hold_the_truth_as_often_as_they_say():
    # 60 pairs of 5 queries that are right or wrong together: the truth is 0.7.
    caught = 0
    for seed in range(200):
        right = np.random.default_rng(seed).random(60) < 0.7
        bootstrap = PairBootstrap([str(pair) for pair in range(60)], draws=300, seed=seed)
        low, high = percentile_interval(bootstrap.mean(np.repeat(np.arange(60), 5), np.repeat(right, 5)))
        caught += low <= 0.7 <= high
    # 95 per cent of 200, and three standard deviations to either side.
    assert 180 <= caught <= 199


def test_all_right_is_not_certain():
    draws = np.ones(100)
    low, high = bounded_interval(draws, 1.0, 20)
    assert high == 1 and low**20 == pytest.approx(0.025)
    assert bounded_interval(np.zeros(100), 0.0, 20) == pytest.approx((0.0, 1 - low))


def test_no_interval_where_most_draws_have_no_value():
    assert percentile_interval(np.array([np.nan] * 20 + [0.5] * 80)) is None
    bootstrap = PairBootstrap(['a', 'b'], draws=200)
    assert percentile_interval(bootstrap.mean(np.array([0]), np.array([1.0]))) is None


def test_same_seed_same_draws():
    first, second, other = (PairBootstrap(['a', 'b', 'c'], draws=9, seed=seed) for seed in (1, 1, 2))
    values = np.array([0.0, 1.0, 2.0])
    assert (first.mean(np.arange(3), values) == second.mean(np.arange(3), values)).all()
    assert not (first.mean(np.arange(3), values) == other.mean(np.arange(3), values)).all()
