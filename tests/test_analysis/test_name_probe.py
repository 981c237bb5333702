"""Counting how often names are guessed."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from difftracker.analysis.name_probe import NameGuess, NameProbe
from difftracker.apis.build import build_model
from difftracker.errors import ConfigError
from difftracker.models.heads.candidates import Candidates
from tests.test_models.tiny import make_pair, make_sample, tiny_config

NAMES = ('another', 'thing 0', 'thing 1')


def test_the_best_candidate_of_each_change_is_judged():
    torch.manual_seed(0)
    model = build_model(tiny_config(decoder={'num_queries': 4})).eval()
    # Fractions of a canvas of 64 px: the first change nearly, another place, the first change exactly; none on the
    # second change.
    places = [[0.27, 0.25, 0.25, 0.25], [0.2, 0.8, 0.1, 0.1], [0.25, 0.25, 0.25, 0.25], [0.5, 0.1, 0.1, 0.1]]
    start = Candidates(torch.tensor([places]), torch.zeros(1, 4, dtype=torch.bool))
    model.decoder.register_forward_pre_hook(lambda decoder, args: (args[0], start, *args[2:]))
    vectors = F.normalize(model.text_encoder(list(NAMES)).sentence, dim=-1).detach()
    guesses = torch.zeros(1, 4, 4, 64)
    # Of what stood there before: wrong for the candidate that lies less well, nearly right for the other one.
    guesses[0, 0, 0] = vectors[2]
    guesses[0, 2, 0] = vectors[0] + 0.9 * vectors[1]
    model.decoder.describer.register_forward_hook(lambda describer, args, out: guesses.flatten(-2))
    probe = NameProbe(model, NAMES)
    with torch.no_grad():
        model.test_step({'inputs': [make_pair()], 'data_samples': [make_sample([[8, 8, 24, 24], [40, 40, 56, 56]])]})
    own = vectors @ guesses[0, 2, 0]
    assert own[0] > own[1]
    expected = int((own > own[1]).sum())
    # The sample says nothing of what stands there afterwards.
    assert probe.guesses == [NameGuess(0, 'thing 0', NAMES[int(own.argmax())], expected)]


def test_report_by_hand():
    model = build_model(tiny_config()).eval()
    probe = NameProbe(model, NAMES)
    assert probe.report() == {
        'before': {'guesses': 0, 'first': None, 'among_three': None},
        'after': {'guesses': 0, 'first': None, 'among_three': None},
        'names': {},
    }
    probe.guesses += [
        NameGuess(0, 'cup', 'cup', 0),
        NameGuess(0, 'cup', 'bowl', 2),
        NameGuess(0, 'dog', 'bowl', 3),
        NameGuess(1, 'cup', 'bowl', 1),
        NameGuess(1, 'dog', 'dog', 0),
    ]
    assert probe.report() == {
        'before': {'guesses': 3, 'first': 1 / 3, 'among_three': 2 / 3},
        'after': {'guesses': 2, 'first': 0.5, 'among_three': 1.0},
        'names': {
            'cup': {'guesses': 3, 'right': 1, 'taken_for': 'bowl'},
            'dog': {'guesses': 2, 'right': 1, 'taken_for': 'bowl'},
        },
    }


def test_what_cannot_be_probed():
    with pytest.raises(ConfigError, match=r"expected at least two names to tell apart, found \['cup'\]"):
        NameProbe(build_model(tiny_config()), ['cup', 'cup'])
    model = build_model(tiny_config(decoder={'describer': None}, head={'alignment_dims': 64}))
    with pytest.raises(ConfigError, match='expected a model whose decoder has a describer'):
        NameProbe(model, NAMES)
