"""Losses and answers of the head on states made by hand."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from difftracker.models.heads import DiffTrackerHead
from difftracker.models.heads.text_conditioned_decoder import LayerState
from difftracker.models.layers.box_ops import aligned_iou, cxcywh_to_xyxy
from difftracker.models.layers.origin_matching import Origins
from difftracker.models.losses import choice_loss, varifocal_loss
from difftracker.models.targets import PairTargets
from tests.test_models.tiny import EMBED, KINDS, make_sample

CANVAS = (64, 64)


@pytest.fixture()
def head():
    module = DiffTrackerHead(KINDS, EMBED, num_layers=2)
    module.init_weights()
    return module


def targets_of(*samples):
    return PairTargets.from_samples(list(samples), CANVAS, torch.device('cpu'))


def states_of(batch, sentences, queries=4, boxes=None):
    """A text-free and a text layer with random content; `boxes` `(B, Q, 4)` replace the random ones."""
    states = []
    for rows, with_text in ((batch, False), (batch * sentences, True)):
        chosen = torch.rand(rows, queries, 4) * 0.3 + 0.2
        if boxes is not None:
            chosen = boxes.repeat_interleave(rows // batch, dim=0).clone()
        states.append(LayerState(torch.randn(rows, queries, EMBED), chosen, chosen.clone(), with_text))
    return states


def two_changes(**settings):
    return make_sample([(8, 8, 24, 24), (32, 32, 56, 48)], **settings)


@torch.no_grad()
def test_names_and_weights(head):
    targets, states, sentence = targets_of(two_changes()), states_of(1, 1), torch.randn(1, EMBED)
    found = head.loss(states, sentence, targets)
    plain = {'l1', 'giou', 'kind', 'change'}
    assert set(found) == {f'd0.loss_{n}' for n in plain} | {f'loss_{n}' for n in plain | {'match', 'choice'}}
    head.weights['l1'] *= 3
    torch.testing.assert_close(head.loss(states, sentence, targets)['loss_l1'], 3 * found['loss_l1'])
    other = DiffTrackerHead(KINDS, loss_weights={'kind': 9.0})
    assert other.weights == {**DiffTrackerHead.DEFAULT_WEIGHTS, 'kind': 9.0}


@torch.no_grad()
def test_perfect_boxes_cost_nothing(head):
    targets = targets_of(two_changes())
    rest = torch.tensor([[[0.9, 0.1, 0.1, 0.1], [0.1, 0.9, 0.1, 0.1]]])
    states = states_of(1, 1, boxes=torch.cat([targets.after_boxes, rest], dim=1))
    found = head.loss(states, torch.randn(1, EMBED), targets)
    for name in ('d0.loss_l1', 'd0.loss_giou', 'loss_l1', 'loss_giou'):
        assert float(found[name]) == pytest.approx(0, abs=1e-5)
    moved = [state._replace(before_boxes=state.before_boxes + 0.01) for state in states]
    # All four numbers of each before box are 0.01 off; the before frame counts half.
    assert float(head.loss(moved, torch.randn(1, EMBED), targets)['loss_l1']) == pytest.approx(5 * 0.5 * 0.04, abs=1e-5)


@torch.no_grad()
def test_a_place_out_of_view_before_costs_nothing_there(head):
    sample = two_changes()
    sample.gt_changes.valid_before[:] = False
    states, sentence, targets = states_of(1, 1), torch.randn(1, EMBED), targets_of(sample)
    found = head.loss(states, sentence, targets)
    moved = [state._replace(before_boxes=torch.rand_like(state.before_boxes)) for state in states]
    assert float(head.loss(moved, sentence, targets)['loss_l1']) == pytest.approx(float(found['loss_l1']))


@torch.no_grad()
def test_text_layer_by_definition(head):
    """One pair, two sentences, four queries: every term once more, row by row."""
    targets = targets_of(two_changes(texts=['a', 'b'], answers=[[1, 0], [0, 0]], kinds=[3, -1]))
    states, sentence = states_of(1, 2), torch.randn(2, EMBED)
    found = head.loss(states, sentence, targets)
    state, scores = states[1], head.score(1, states[1], sentence)
    assigned = head.matcher(scores.change, state.after_boxes, targets.repeat(2))
    sums, matches, choices = dict.fromkeys(('l1', 'giou', 'kind', 'change'), 0.0), 0.0, []
    for row in range(2):
        wanted = torch.zeros(4, dtype=torch.bool)
        quality = torch.zeros(4)
        for query, change in enumerate(assigned[row].tolist()):
            if change < 0:
                continue
            truth = targets.after_boxes[0, change]
            for boxes, weight in ((state.after_boxes, 1), (state.before_boxes, 0.5)):
                iou, giou = aligned_iou(cxcywh_to_xyxy(boxes[row, query]), cxcywh_to_xyxy(truth))
                sums['l1'] += weight * (boxes[row, query] - truth).abs().sum() / 4
                sums['giou'] += weight * (1 - giou) / 4
                if weight == 1:
                    quality[query] = max(float(iou), 0.1)
            if change == 0:  # the other change is of an unknown kind
                sums['kind'] += F.cross_entropy(scores.kind[row, query], torch.tensor(3)) / 2
                wanted[query] = row == 0
        positive = assigned[row] >= 0
        sums['change'] += varifocal_loss(scores.change[row], quality, positive).sum() / 4
        matches += varifocal_loss(scores.match[row], quality * wanted, wanted).sum()
        usable = torch.ones(1, 4, dtype=torch.bool)
        choices.append(choice_loss(scores.match[row : row + 1], scores.none[row : row + 1], wanted[None], usable))
    expected = {'l1': 5 * sums['l1'], 'giou': 2 * sums['giou'], 'kind': 0.5 * sums['kind'], 'change': sums['change']}
    expected.update(match=2 * matches / 1, choice=torch.cat(choices).mean())
    for name, value in expected.items():
        torch.testing.assert_close(found[f'loss_{name}'], value, rtol=1e-4, atol=1e-5)


def test_pairs_without_change(head):
    changed, still = two_changes(), make_sample()
    for samples in ((still, still), (still, changed)):
        head.zero_grad()
        found = head.loss(states_of(2, 1), torch.randn(2, EMBED), targets_of(*samples))
        assert all(value.isfinite() for value in found.values())
        assert found['loss_change'] > 0 and found['loss_choice'] > 0
        for name in ('loss_l1', 'loss_giou', 'loss_kind'):
            assert (found[name] == 0) == (changed not in samples)
        sum(found.values()).backward()
        assert all(item.grad is None or item.grad.isfinite().all() for item in head.parameters())


def test_nothing_wanted_teaches_none(head):
    states, sentence = states_of(1, 1), torch.randn(1, EMBED)
    targets = targets_of(two_changes(answers=[[0, 0]]))
    head.loss(states, sentence, targets)['loss_choice'].backward()
    # A step against the gradient must make "none" likelier.
    before = head.predict(states, sentence)[3]
    with torch.no_grad():
        for parameter in head.parameters():
            if parameter.grad is not None:
                parameter -= 0.05 * parameter.grad
    assert head.predict(states, sentence)[3] > before


def test_padding_sentences_carry_no_loss(head):
    samples = (two_changes(texts=['a', 'b', 'c']), two_changes(texts=['d'], answers=[[1, 0]]))
    states, sentence = states_of(2, 3), torch.randn(6, EMBED)
    content, boxes = states[1].content.requires_grad_(), states[1].after_boxes.requires_grad_()
    words = sentence.requires_grad_()
    found = head.loss(states, words, targets_of(*samples))
    sum(found.values()).backward()
    for gradient in (content.grad, boxes.grad, words.grad):
        assert [bool(row.any()) for row in gradient] == [True] * 4 + [False] * 2


@torch.no_grad()
def test_padding_sentences_change_no_mean(head):
    """The pair with one sentence costs the same alone as beside a pair with three."""
    long, short = make_sample(texts=['a', 'b', 'c']), two_changes(texts=['d'], answers=[[1, 0]])
    states, sentence = states_of(2, 3), torch.randn(6, EMBED)
    found = head.loss(states, sentence, targets_of(long, short))
    alone = [LayerState(*(item[row : row + 1] for item in s[:3]), s.with_text) for s, row in zip(states, (1, 3))]
    expected = head.loss(alone, sentence[3:4], targets_of(short))
    # Only the short pair has changes, so that box losses have no other part.
    for name in ('loss_l1', 'loss_giou', 'loss_kind'):
        torch.testing.assert_close(found[name], expected[name])


class TestDenoising:
    def noise(self, batch, assigned, usable):
        return tuple(torch.tensor(item).expand(batch, -1) for item in (assigned, usable))

    @torch.no_grad()
    def test_unusable_queries_carry_no_loss(self, head):
        targets, sentence = targets_of(two_changes(texts=['a', 'b'])), torch.randn(2, EMBED)
        noise = self.noise(1, [0, -1], [False, False])
        states = states_of(1, 2, queries=6)
        trimmed = [LayerState(*(item[:, :4] for item in state[:3]), state.with_text) for state in states]
        found, expected = head.loss(states, sentence, targets, noise), head.loss(trimmed, sentence, targets)
        for name, value in expected.items():
            # The mean of both groups, and the second one is empty.
            torch.testing.assert_close(found[name], value / 2)

    @torch.no_grad()
    def test_queries_keep_their_assignment(self, head):
        """Each denoising query answers for its own change, even where another one is closer."""
        targets, sentence = targets_of(two_changes()), torch.randn(1, EMBED)
        states = states_of(1, 1, queries=6)
        boxes = states[1].after_boxes
        boxes[0, :2], boxes[0, 4:] = targets.after_boxes[0], targets.after_boxes[0].flip(0)
        states = [state._replace(before_boxes=boxes, after_boxes=boxes) for state in states]
        far = targets.after_boxes[0, 0] - targets.after_boxes[0, 1]
        found = head.loss(states, sentence, targets, self.noise(1, [0, 1], [True, True]))
        # Matching queries are perfect; both denoising ones are off by the whole distance, in both frames.
        assert float(found['loss_l1']) == pytest.approx(5 * 1.5 * float(far.abs().sum()) / 2, rel=1e-4)

    @torch.no_grad()
    def test_padding_sentences_carry_no_loss(self, head):
        targets = targets_of(two_changes(texts=['a', 'b']), two_changes(texts=['c']))
        states, sentence = states_of(2, 2, queries=6), torch.randn(4, EMBED)
        noise = self.noise(2, [0, 1], [True, True])
        found = head.loss(states, sentence, targets, noise)
        states[1].content[3] += 1
        states[1].after_boxes[3] += 0.1
        for name, value in head.loss(states, sentence, targets, noise).items():
            torch.testing.assert_close(value, found[name])


@torch.no_grad()
def test_answers(head):
    states, sentence = states_of(1, 2), torch.randn(2, EMBED)
    state, scores, kinds, no_change = head.predict(states, sentence)
    raw = head.score(1, states[1], sentence)
    assert state is states[1]
    assert scores.shape == kinds.shape == (2, 4)
    for row in range(2):
        logits = [float(value) for value in raw.match[row]]
        none = float(raw.none[row])
        expected = math.exp(none) / (math.exp(none) + sum(map(math.exp, logits)))
        assert float(no_change[row]) == pytest.approx(expected, rel=1e-5)
        for query in range(4):
            match = 1 / (1 + math.exp(-logits[query]))
            assert float(scores[row, query]) == pytest.approx(match * (1 - expected), rel=1e-4)
            assert raw.kind[row, query].max() == raw.kind[row, query, kinds[row, query]]


@torch.no_grad()
def test_layers_without_text_tell_no_match(head):
    scores = head.score(0, states_of(1, 1)[0], torch.randn(1, EMBED))
    assert scores.match is None and scores.none is None
    assert scores.change.shape == (1, 4) and scores.kind.shape == (1, 4, len(KINDS))


@torch.no_grad()
def test_first_scores_are_low(head):
    for branch in head.match:
        branch[-1].weight.zero_()
    scores = head.score(1, states_of(1, 1)[1], torch.randn(1, EMBED))
    torch.testing.assert_close(scores.match.sigmoid(), torch.full((1, 4), 0.05))


class TestOrigins:
    """Two changes; the places are those of the two before boxes and two elsewhere."""

    BEFORE = ((8.0, 40.0, 24.0, 56.0), (32.0, 32.0, 56.0, 48.0))

    def loss(self, head, kinds, before=BEFORE, seen=True, shares=(0.1, 0.2, 0.2, 0.1, 0.4)):
        sample = two_changes(kinds=[KINDS.index(kind) for kind in kinds])
        sample.gt_changes.boxes_before = torch.tensor(before)
        sample.gt_changes.valid_before[:] = seen
        targets = targets_of(sample)
        rest = torch.tensor([[[0.9, 0.1, 0.1, 0.1], [0.1, 0.9, 0.1, 0.1]]])
        states = states_of(1, 1, boxes=torch.cat([targets.after_boxes, rest], dim=1))
        logits = torch.tensor(shares).log().expand(1, 4, 5)
        states[0] = states[0]._replace(origins=Origins(logits, torch.cat([targets.before_boxes, rest], dim=1)))
        found = head.loss(states, torch.randn(1, EMBED), targets)
        assert 'loss_origin' not in found
        return float(found['d0.loss_origin'])

    def test_moved_things_have_one_and_others_have_none(self, head):
        assert self.loss(head, ('move', 'add')) == pytest.approx(-(math.log(0.1) + math.log(0.4)) / 2, abs=1e-5)

    def test_what_was_pushed_a_little_says_nothing(self, head):
        pushed = ((12.0, 8.0, 28.0, 24.0), self.BEFORE[1])
        assert self.loss(head, ('move', 'add'), pushed) == pytest.approx(-math.log(0.4), abs=1e-5)

    def test_a_place_out_of_view_says_nothing(self, head):
        assert self.loss(head, ('move', 'add'), seen=False) == pytest.approx(-math.log(0.4), abs=1e-5)

    def test_denoising_queries_count_half(self, head):
        sample = two_changes(kinds=[KINDS.index('add')] * 2)
        targets = targets_of(sample)
        states = states_of(1, 1, boxes=targets.after_boxes.repeat(1, 2, 1))
        shares = torch.tensor([[0.1, 0.9]] * 2 + [[0.8, 0.2]] * 2).log()[None]
        states[0] = states[0]._replace(origins=Origins(shares, targets.before_boxes[:, :1]))
        noise = torch.tensor([[0, 1]]), torch.ones(1, 2, dtype=torch.bool)
        found = head.loss(states, torch.randn(1, EMBED), targets, noise)
        assert float(found['d0.loss_origin']) == pytest.approx(-(math.log(0.9) + math.log(0.2)) / 2, abs=1e-5)
