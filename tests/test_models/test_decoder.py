"""The decoder: selection, what the words reach, and what the queries may see."""

from __future__ import annotations

import pytest
import torch

from difftracker.errors import ConfigError
from difftracker.models.detectors import DiffTracker
from difftracker.models.heads import TextConditionedDecoder
from difftracker.models.heads.candidates import Candidates
from difftracker.models.heads.dense_change_head import DenseOutput
from difftracker.models.layers.box_ops import inverse_sigmoid
from difftracker.models.text import TextFeatures
from tests.test_models.tiny import EMBED, SEMANTIC, VALUE, random_pyramid, random_text, shake

SETTINGS = {
    'embed_dims': EMBED,
    'value_dims': VALUE,
    'num_layers': 4,
    'text_from_layer': 2,
    'num_heads': 2,
    'semantic_channels': SEMANTIC,
    'attributes': 2,
}


def build(**settings):
    decoder = TextConditionedDecoder(**{**SETTINGS, **settings})
    decoder.init_weights()
    shake(decoder)
    return decoder.eval()


def movable(boxes):
    return Candidates(boxes, torch.zeros(boxes.shape[:2], dtype=torch.bool))


def some_candidates(batch=2, count=5):
    return movable(torch.rand(batch, count, 4) * 0.4 + 0.2)


def dense(boxes, scores):
    boxes = torch.tensor(boxes)[None]
    return DenseOutput(torch.tensor(scores)[None].logit(), boxes, boxes[0, :, :2], boxes[0, :, 2:], None)


class TestSelect:
    APART = [(0.1, 0.1, 0.1, 0.1), (0.5, 0.5, 0.1, 0.1), (0.9, 0.9, 0.1, 0.1), (0.5, 0.51, 0.1, 0.1)]

    def test_best_first_and_overlapping_last(self):
        found = build(num_queries=4).select(dense(self.APART, [0.2, 0.6, 0.4, 0.9]))
        assert torch.equal(found.boxes[0], torch.tensor([self.APART[place] for place in (3, 2, 0, 1)]))

    def test_only_the_best_cells_enter(self):
        found = build(num_queries=2, cells_per_query=1).select(dense(self.APART, [0.2, 0.6, 0.4, 0.9]))
        assert torch.equal(found.boxes[0], torch.tensor([self.APART[place] for place in (3, 1)]))

    def test_few_cells_give_few_queries(self):
        assert build(num_queries=20).select(dense(self.APART, [0.5] * 4)).boxes.shape == (1, 4, 4)

    def test_number_of_queries_and_canvas(self):
        boxes = [(1.2, -0.1, 3.0, 0.1), *self.APART]
        found = build(num_queries=3).select(dense(boxes, [0.9, 0.8, 0.7, 0.6, 0.1]))
        assert found.boxes.shape == (1, 3, 4)
        assert torch.equal(found.boxes[0, 0], torch.tensor([1.0, 0.0, 1.0, 0.1]))

    def test_regions_come_first_and_displace_estimates(self):
        regions = Candidates(
            torch.tensor([[[0.5, 0.5, 0.1, 0.11], [0.0, 0.0, 0.0, 0.0]]]), torch.tensor([[True, False]])
        )
        found = build(num_queries=1).select(dense(self.APART, [0.2, 0.6, 0.4, 0.9]), regions)
        # The two best estimates overlap the region; a place without a region goes to the next estimate.
        expected = [regions.boxes[0, 0].tolist(), self.APART[2], self.APART[0]]
        assert torch.equal(found.boxes[0], torch.tensor(expected))
        assert found.fixed.tolist() == [[True, False, False]]

    def test_selection_has_no_gradient(self):
        output = dense(self.APART, [0.5] * 4)
        assert not build().select(output._replace(boxes=output.boxes.requires_grad_())).boxes.requires_grad


@torch.no_grad()
def test_states_layer_by_layer():
    decoder = build()
    states = decoder(random_pyramid(2, VALUE), some_candidates(), random_text(6), 3)
    assert [state.with_text for state in states] == [False, False, True, True]
    for state, rows in zip(states, (2, 2, 6, 6), strict=True):
        assert state.content.shape == (rows, 5, EMBED)
        assert state.before_boxes.shape == state.after_boxes.shape == (rows, 5, 4)
        assert state.after_boxes.min() >= 0 and state.after_boxes.max() <= 1
        assert not torch.allclose(state.before_boxes, state.after_boxes)
        assert (state.alignment is not None) == state.with_text
    assert states[-1].alignment.shape == (6, 5, 2 * 32)


@torch.no_grad()
def test_words_reach_nothing_before_their_layer():
    decoder, pyramid, boxes = build(), random_pyramid(2, VALUE), some_candidates()
    first = decoder(pyramid, boxes, random_text(6, seed=1), 3)
    second = decoder(pyramid, boxes, random_text(6, seed=2), 3)
    for index in range(4):
        for one, other in zip(first[index][:3], second[index][:3], strict=True):
            assert torch.equal(one, other) == (index < 2)


@torch.no_grad()
def test_words_behind_the_mask_do_not_count():
    decoder, pyramid, boxes, text = build(), random_pyramid(2, VALUE), some_candidates(), random_text(2)
    other = torch.where(text.mask[..., None], text.tokens, torch.randn_like(text.tokens))
    one = decoder(pyramid, boxes, text, 1)[-1]
    two = decoder(pyramid, boxes, text._replace(tokens=other), 1)[-1]
    torch.testing.assert_close(one.content, two.content, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_many_sentences_at_once_equal_one_by_one():
    decoder, pyramid, boxes, text = build(), random_pyramid(2, VALUE), some_candidates(), random_text(6)
    together = decoder(pyramid, boxes, text, 3)
    for sentence in range(3):
        own = TextFeatures(*(item[[sentence, 3 + sentence]] for item in text))
        alone = decoder(pyramid, boxes, own, 1)
        for index in (2, 3):
            for one, many in zip(alone[index][:3], together[index][:3], strict=True):
                torch.testing.assert_close(one, many[[sentence, 3 + sentence]], rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_pairs_do_not_see_each_other():
    decoder, boxes, text = build(), some_candidates(), random_text(4)
    pyramid, other = random_pyramid(2, VALUE), random_pyramid(2, VALUE, seed=1)
    mixed = type(pyramid)(
        *(
            tuple(torch.stack([own[0], new[1]]) for own, new in zip(first, second, strict=True))
            if isinstance(first, tuple)
            else torch.stack([first[0], second[1]])
            for first, second in zip(pyramid, other, strict=True)
        )
    )
    one, two = decoder(pyramid, boxes, text, 2)[-1], decoder(mixed, boxes, text, 2)[-1]
    torch.testing.assert_close(one.content[:2], two.content[:2], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(one.content[2:], two.content[2:], atol=1e-3)


@torch.no_grad()
@pytest.mark.parametrize('origins', [False, True])
def test_denoising_queries_leak_nothing(origins):
    decoder, pyramid, text, boxes = build(origins=origins), random_pyramid(2, VALUE), random_text(4), some_candidates()
    both = boxes.and_movable(some_candidates(count=4).boxes)
    mask = DiffTracker._group_mask(5, 4, both.boxes.device)
    with_extra = decoder(pyramid, both, text, 2, mask)
    for plain, state in zip(decoder(pyramid, boxes, text, 2), with_extra, strict=True):
        for one, other in zip(plain[:3], state[:3], strict=True):
            torch.testing.assert_close(one, other[:, :5], rtol=1e-4, atol=1e-5)
    unmasked = decoder(pyramid, both, text, 2)[-1]
    assert not torch.allclose(unmasked.content[:, :5], with_extra[-1].content[:, :5], atol=1e-3)


@torch.no_grad()
def test_later_layers_read_where_a_thing_came_from():
    """With every candidate said to come from the first one's place, the layers with text start from that box."""
    decoder, pyramid, text, boxes = build(origins=True), random_pyramid(2, VALUE), random_text(4), some_candidates()
    for branch in decoder.refine:
        branch[-1].weight.zero_()
    plain = decoder(pyramid, boxes, text, 2)
    assert [state.origins is None for state in plain] == [True, False, True, True]
    torch.testing.assert_close(plain[1].origins.places, boxes.boxes, rtol=1e-4, atol=1e-5)
    decoder.origins.pair.register_forward_hook(
        lambda _, inputs, output: torch.where(torch.arange(5)[:, None] == 0, 99.0, -99.0).expand_as(output)
    )
    moved = decoder(pyramid, boxes, text, 2)
    first = boxes.boxes[:, :1].repeat_interleave(2, dim=0)
    torch.testing.assert_close(moved[-1].before_boxes[:, 1:], first.expand(-1, 4, -1), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(moved[-1].before_boxes[:, 0], boxes.boxes[:, 0].repeat_interleave(2, dim=0))
    torch.testing.assert_close(moved[-1].after_boxes, plain[-1].after_boxes, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(moved[-1].content[:, 1:], plain[-1].content[:, 1:], atol=1e-3)


@pytest.mark.parametrize('settings', [{'text_from_layer': 0}, {'semantic_channels': ()}])
def test_origins_need_a_layer_without_text_and_the_backbone(settings):
    with pytest.raises(ConfigError, match='TextConditionedDecoder.origins: expected text_from_layer above 0'):
        build(origins=True, **settings)


@torch.no_grad()
def test_the_place_reaches_the_content():
    """Two candidates that see the same everywhere differ by their places, from the first layer with words on."""
    decoder, text = build(), random_text(1)
    flat = random_pyramid(1, VALUE)
    flat = type(flat)(
        *(
            tuple(torch.ones_like(level) for level in item) if isinstance(item, tuple) else torch.ones_like(item)
            for item in flat
        )
    )
    boxes = movable(torch.tensor([[[0.2, 0.5, 0.2, 0.2], [0.8, 0.5, 0.2, 0.2]]]))
    for layer in decoder.layers:
        # What looks at places through attention is switched off.
        layer.image_attention.requires_grad_(False)
        layer.self_attention.out_proj.weight.zero_()
        layer.image_attention.output.weight.zero_()
        if layer.text_attention is not None:
            layer.text_attention.out_proj.weight.zero_()
    states = decoder(flat, boxes, text, 1)
    torch.testing.assert_close(states[1].content[:, 0], states[1].content[:, 1])
    assert not torch.allclose(states[2].content[:, 0], states[2].content[:, 1], atol=1e-3)
    assert not torch.allclose(states[2].alignment[:, 0], states[2].alignment[:, 1], atol=1e-3)


@torch.no_grad()
def test_without_attention_words_reach_the_comparison_alone():
    decoder, pyramid, boxes = build(text_attention=False), random_pyramid(1, VALUE), some_candidates(1)
    one, two = (decoder(pyramid, boxes, random_text(1, seed=seed), 1) for seed in (0, 1))
    assert [state.with_text for state in one] == [False, False, True, True]
    for state, other in zip(one[2:], two[2:], strict=True):
        torch.testing.assert_close(state.content, other.content)
        assert not torch.allclose(state.alignment, other.alignment, atol=1e-3)


@torch.no_grad()
def test_refinement_moves_boxes_in_logits():
    decoder, boxes = build(num_layers=1, text_from_layer=0), some_candidates()
    delta = torch.tensor([0.1, 0.2, -0.3, 0.4, -0.1, 0.0, 0.5, 1.0])
    decoder.refine[0][-1].weight.zero_()
    decoder.refine[0][-1].bias.copy_(delta)
    state = decoder(random_pyramid(2, VALUE), boxes, random_text(2), 1)[0]
    torch.testing.assert_close(state.before_boxes, (inverse_sigmoid(boxes.boxes) + delta[:4]).sigmoid())
    torch.testing.assert_close(state.after_boxes, (inverse_sigmoid(boxes.boxes) + delta[4:]).sigmoid())


@torch.no_grad()
def test_regions_stay_where_they_are_and_are_told_apart():
    decoder, pyramid, text = build(region_queries=2), random_pyramid(2, VALUE), random_text(4)
    decoder.region.normal_()
    start = some_candidates()
    start.fixed[0, :2] = True
    states = decoder(pyramid, start, text, 2)
    for state, fixed in zip(states, [start.fixed] * 2 + [start.repeat(2).fixed] * 2, strict=True):
        boxes = start.boxes.repeat_interleave(len(fixed) // 2, 0)
        for moved in (state.before_boxes, state.after_boxes):
            assert torch.equal((moved == boxes).all(-1), fixed)
    others = decoder(pyramid, movable(start.boxes), text, 2)
    assert not torch.allclose(states[0].content[0, 0], others[0].content[0, 0], atol=1e-3)
    torch.testing.assert_close(states[0].content[1], others[0].content[1])


@torch.no_grad()
def test_a_fresh_decoder_keeps_the_selected_boxes():
    decoder = TextConditionedDecoder(**SETTINGS)
    decoder.init_weights()
    boxes = some_candidates()
    for state in decoder(random_pyramid(2, VALUE), boxes, random_text(2), 1):
        torch.testing.assert_close(state.after_boxes, boxes.boxes)
        torch.testing.assert_close(state.before_boxes, boxes.boxes)


@torch.no_grad()
def test_before_and_after_maps_are_told_apart():
    decoder, pyramid, boxes, text = build(), random_pyramid(2, VALUE), some_candidates(), random_text(2)
    swapped = pyramid._replace(before=pyramid.after, after=pyramid.before)
    one, two = decoder(pyramid, boxes, text, 1)[0], decoder(swapped, boxes, text, 1)[0]
    assert not torch.allclose(one.content, two.content, atol=1e-3)
    tokens = pyramid.tokens()
    assert torch.equal(tokens[1, 3], pyramid.before[0][1, :, 0, 3])
    assert torch.equal(tokens[1, 84 + 64 + 2], pyramid.after[1][1, :, 0, 2])


@torch.no_grad()
def test_each_layer_looks_where_the_boxes_are_now():
    decoder, boxes, seen = build(), some_candidates(), []
    for layer in decoder.layers:
        layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[2]))
    states = decoder(random_pyramid(2, VALUE), boxes, random_text(2), 1)
    # Three levels of the before pyramid, then three of the after pyramid, as the tokens lie.
    assert torch.equal(seen[0], boxes.boxes[:, :, None].expand(-1, -1, 6, -1))
    for references, state in zip(seen[1:], states, strict=False):
        assert torch.equal(references[:, :, :3], state.before_boxes[:, :, None].expand(-1, -1, 3, -1))
        assert torch.equal(references[:, :, 3:], state.after_boxes[:, :, None].expand(-1, -1, 3, -1))


@torch.no_grad()
def test_all_layers_share_the_tables_of_levels():
    """A table that is made anew is read anew, for which a GPU is waited."""
    decoder, seen = build(), []
    for layer in decoder.layers:
        layer.image_attention.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[3]))
    decoder(random_pyramid(2, VALUE), some_candidates(), random_text(2), 1)
    assert len(seen) == len(decoder.layers) and all(levels.shapes is seen[0].shapes for levels in seen)
    assert seen[0].shapes.tolist() == [[8, 8], [4, 4], [2, 2]] * 2 and seen[0].starts.tolist() == [
        0,
        64,
        80,
        84,
        148,
        164,
    ]


def test_gradients_of_boxes_stay_in_their_layer():
    decoder, pyramid, text = build(), random_pyramid(1, VALUE), random_text(1)
    decoder(pyramid, some_candidates(1), text, 1)[3].after_boxes.sum().backward()
    assert decoder.refine[3][-1].weight.grad.any()
    assert decoder.refine[2][-1].weight.grad is None


@pytest.mark.parametrize(('name', 'value'), [('region_queries', -1), ('cells_per_query', 0)])
def test_numbers_out_of_range(name, value):
    with pytest.raises(ConfigError, match=f'{name}: expected at least {value + 1}, found {value}'):
        build(**{name: value})


@pytest.mark.parametrize('layer', [-1, 4])
def test_the_text_layer_must_exist(layer):
    with pytest.raises(ConfigError, match=f'text_from_layer: expected 0 to 3, found {layer}'):
        TextConditionedDecoder(**{**SETTINGS, 'text_from_layer': layer})
