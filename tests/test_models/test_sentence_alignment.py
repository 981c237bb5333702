"""The comparison of candidates with words."""

from __future__ import annotations

import torch

from difftracker.models.layers.sentence_alignment import SentenceAlignment
from difftracker.models.text import TextFeatures
from tests.test_models.tiny import EMBED, random_text


@torch.no_grad()
def test_against_loops():
    module, text, candidates = SentenceAlignment(EMBED, 3, (9, 2), 4), random_text(5), torch.randn(5, 2, EMBED)
    facts = [torch.randn(5, 2, 9), torch.randn(5, 2, 2)]
    found = module(candidates, facts, text)
    shown = module.shown(module.norm(candidates)) + module.stated[0](facts[0]) + module.stated[1](facts[1])
    shown = shown.view(5, 2, 3, 4)
    for row in range(5):
        words = text.tokens[row][text.mask[row]]
        for attribute in range(3):
            weight = (module.key(words) @ module.query[attribute]).softmax(0)
            wanted = (weight[:, None] * words).sum(0) @ module.wanted[attribute]
            part = found[row, :, 4 * attribute : 4 * attribute + 4]
            torch.testing.assert_close(part, shown[row, :, attribute] * wanted)


def test_learns_left_from_right():
    """What it is for: the sign of a candidate's place must agree with a word."""
    torch.manual_seed(0)
    module, read = SentenceAlignment(16, 2, (9,), 4), torch.nn.Linear(8, 1)
    words = torch.randn(2, 1, 16)
    side = torch.tensor([-1.0, 1.0])
    candidates, geometry = torch.randn(2, 64, 16), torch.randn(2, 64, 9)
    geometry[..., 0] = side.repeat(32)
    text = TextFeatures(words, torch.ones(2, 1, dtype=torch.bool), words[:, 0])
    target = (side[:, None] == side.repeat(32)[None]).float()
    optimizer = torch.optim.Adam([*module.parameters(), *read.parameters()], 1e-2)
    for _ in range(60):
        logits = read(module(candidates, [geometry], text)).squeeze(-1)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert ((logits > 0) == target.bool()).float().mean() > 0.95
