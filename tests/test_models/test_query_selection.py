"""Language-guided query selection: the sentence has a say in which cells become queries."""

from __future__ import annotations

import math

import pytest
import torch

from difftracker.errors import ConfigError
from difftracker.models.heads import DenseChangeHead, TextConditionedDecoder
from difftracker.models.heads.dense_change_head import DenseOutput
from difftracker.models.targets import PairTargets
from tests.test_models.tiny import EMBED, random_text

CHANNELS = 16
SIDES = (8, 4, 2)


def levels(batch=2):
    return tuple(torch.randn(batch, CHANNELS, side, side) for side in SIDES)


def dense(logits, match=None):
    """Four cells with boxes that do not overlap."""
    centres = torch.tensor([[0.2, 0.2], [0.8, 0.2], [0.2, 0.8], [0.8, 0.8]])
    boxes = torch.cat([centres, torch.full((4, 2), 0.1)], dim=1)[None]
    return DenseOutput(torch.tensor([logits]), boxes, centres, torch.full((4, 2), 0.1), torch.zeros(4).long(), match)


@torch.no_grad()
def test_similarity_is_that_of_the_nearest_word():
    head = DenseChangeHead(CHANNELS, text_channels=EMBED).eval()
    head.language_bias.fill_(0.7)
    maps, text = levels(3), random_text(3)
    output = head(maps, text)
    features = torch.cat([head.tower(level).flatten(2) for level in maps], dim=2)
    assert output.match.shape == output.logits.shape == (3, 84)
    for row, cell in ((0, 0), (1, 63), (2, 83), (2, 5)):
        vector = head.language.weight[:, :, 0, 0] @ features[row, :, cell] + head.language.bias
        words = text.tokens[row][text.mask[row]]
        wanted = max(float(vector @ word) / math.sqrt(EMBED) for word in words) + 0.7
        assert output.match[row, cell].item() == pytest.approx(wanted, abs=1e-4)


def test_selection_follows_the_sentence():
    decoder = TextConditionedDecoder(EMBED, 32, num_queries=2, num_layers=1, text_from_layer=0, num_heads=2)
    logits = [3.0, 2.0, 1.0, -6.0]
    plain = decoder.select(dense(logits)).boxes
    assert plain[0, :, :2].tolist() == [pytest.approx([0.2, 0.2]), pytest.approx([0.8, 0.2])]
    # The best change is not asked for; what is asked for most is no change.
    guided = decoder.select(dense(logits, torch.tensor([[-5.0, 1.0, 3.0, 9.0]]))).boxes
    assert guided[0, :, :2].tolist() == [pytest.approx([0.2, 0.8]), pytest.approx([0.8, 0.2])]
    even = decoder.select(dense(logits, torch.zeros(1, 4))).boxes
    assert torch.equal(even, plain)


def truth(answers, asked):
    """Two changes, at the first and at the last cell of an 8 x 8 level, for sentences with these answers."""
    box = torch.tensor([[0.0625, 0.0625, 0.1, 0.1], [0.9375, 0.9375, 0.1, 0.1]]).expand(len(answers), -1, -1)
    valid = torch.ones(len(answers), 2, dtype=torch.bool)
    answers, asked = torch.tensor(answers)[:, None], torch.tensor(asked)[:, None]
    return PairTargets(box, box, valid, valid, torch.zeros(len(box), 2).long(), answers, asked)


def test_loss_asks_only_the_cells_of_changes_and_only_real_sentences():
    head = DenseChangeHead(CHANNELS, text_channels=EMBED)
    head.init_weights()
    targets = truth([[True, False], [False, False], [True, True]], [True, True, False])
    output = head(levels(3), random_text(3))
    loss = head.loss(output, targets)['loss_dense_match']
    assigned = head.assign(output, targets)
    terms = []
    for row in range(2):
        for cell in range(84):
            change = int(assigned[row, cell])
            if change >= 0:
                probability = output.match[row, cell].sigmoid().item()
                wanted = bool(targets.answers[row, 0, change])
                terms.append(-math.log(probability if wanted else 1 - probability))
    assert len(terms) > 4
    assert loss.item() == pytest.approx(sum(terms) / len(terms), abs=1e-4)
    loss.backward()
    assert head.language.weight.grad.any() and head.language_bias.grad.any()


def test_a_batch_without_changes_costs_nothing_but_reaches_the_branch():
    head = DenseChangeHead(CHANNELS, text_channels=EMBED)
    none = PairTargets(*torch.zeros(2, 2, 0, 4), *torch.zeros(2, 2, 0).bool(), torch.zeros(2, 0).long(),
                       torch.zeros(2, 1, 0).bool(), torch.ones(2, 1).bool())  # fmt: skip
    loss = head.loss(head(levels(), random_text(2)), none)['loss_dense_match']
    loss.backward()
    assert loss.item() == 0 and head.language.weight.grad is not None


@torch.no_grad()
def test_a_head_without_text_is_the_same_with_and_without_words():
    torch.manual_seed(3)
    plain = DenseChangeHead(CHANNELS)
    torch.manual_seed(3)
    guided = DenseChangeHead(CHANNELS, text_channels=EMBED)
    extra = set(guided.state_dict()) - set(plain.state_dict())
    assert extra == {'language.weight', 'language.bias', 'language_bias'}
    maps, text = levels(), random_text(2)
    output, ignored = plain(maps), plain(maps, text)
    assert output.match is None and ignored.match is None
    for first, second, third in zip(output[:5], ignored[:5], guided(maps, text)[:5], strict=True):
        assert torch.equal(first, second) and torch.equal(first, third)
    loss = plain.loss(output, truth([[True, False]] * 2, [True] * 2))
    assert set(loss) == {'loss_dense_score', 'loss_dense_box'}


@pytest.mark.parametrize('text', [None, random_text(4)])
def test_a_pyramid_shared_by_sentences_is_refused(text):
    head = DenseChangeHead(CHANNELS, text_channels=EMBED)
    with pytest.raises(ConfigError, match='fusion_layers'):
        head(levels(2), text)
