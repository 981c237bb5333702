"""Telling a model the names of what changed."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from difftracker.analysis.name_oracle import NameOracle
from difftracker.apis.build import build_model
from difftracker.errors import ConfigError
from difftracker.models.heads.candidates import Candidates
from tests.test_models.tiny import make_pair, make_sample, tiny_config


def test_only_candidates_on_a_change_are_told_and_only_what_is_known():
    torch.manual_seed(0)
    model = build_model(tiny_config(decoder={'num_queries': 3})).eval()
    # Fractions of a canvas of 64 px: the second change exactly, another place, the first change nearly.
    places = torch.tensor([[[0.75, 0.75, 0.25, 0.25], [0.2, 0.8, 0.1, 0.1], [0.27, 0.25, 0.25, 0.25]]])
    start = Candidates(places, torch.zeros(1, 3, dtype=torch.bool))
    model.decoder.register_forward_pre_hook(lambda decoder, args: (args[0], start, *args[2:]))
    guessed, told = [], []
    model.decoder.describer.register_forward_hook(lambda describer, args, out: guessed.append(out))
    NameOracle(model)
    model.decoder.describer.register_forward_hook(lambda describer, args, out: told.append(out))
    sample = make_sample([[8, 8, 24, 24], [40, 40, 56, 56]], texts=('find it', 'what else'))
    with torch.no_grad():
        model.test_step({'inputs': [make_pair()], 'data_samples': [sample]})
        vectors = F.normalize(model.text_encoder(['thing 0', 'thing 1']).sentence, dim=-1)
    expected = guessed[0].unflatten(-1, (4, -1)).clone()
    # Nothing is known of the names afterwards; unit vectors times the root of their 64 numbers.
    expected[0, 0, 0] = vectors[1] * 8
    expected[0, 2, 0] = vectors[0] * 8
    torch.testing.assert_close(told[0].unflatten(-1, (4, -1)), expected)
    assert not torch.equal(told[0], guessed[0])


def test_a_model_that_guesses_no_names():
    model = build_model(tiny_config(decoder={'describer': None}, head={'alignment_dims': 64}))
    with pytest.raises(ConfigError, match='expected a model whose decoder has a describer'):
        NameOracle(model)
