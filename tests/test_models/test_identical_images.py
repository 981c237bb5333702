"""Equal images are answered with nothing, whatever the weights say."""

from __future__ import annotations

import torch

from tests.test_models.tiny import make_sample


def test_only_the_identical_pair_of_a_batch_is_silenced(tiny_model):
    pair = torch.randint(0, 255, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    same = pair[:1].repeat(2, 1, 1, 1)
    samples = [make_sample(texts=('one', 'two')), make_sample(texts=('one', 'two'))]
    found = tiny_model.eval().test_step({'inputs': [same, pair], 'data_samples': samples})
    assert [len(answer) for answer in found[0].pred_queries] == [0, 0]
    assert [answer.no_change_score for answer in found[0].pred_queries] == [1.0, 1.0]
    assert all(len(answer) for answer in found[1].pred_queries)
    assert all(answer.no_change_score < 1 for answer in found[1].pred_queries)
