"""The whole detector on tiny random pairs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper

from difftracker.apis.build import build_model
from difftracker.errors import ConfigError
from difftracker.models.heads.text_conditioned_decoder import LayerState
from tests.test_models.tiny import EMBED, KINDS, make_pair, make_sample, shake, tiny_config

BOX = (16, 8, 40, 24)
TEXTS = ('what has gone on the left?', 'a new dog', 'find every place where something has changed')


def batch(*samples, sizes=None):
    sizes = sizes or [(64, 64)] * len(samples)
    return {'inputs': [make_pair(*size, seed=seed) for seed, size in enumerate(sizes)], 'data_samples': list(samples)}


def fresh(**changes):
    torch.manual_seed(0)
    model = build_model(tiny_config(**changes))
    model.init_weights()
    shake(model.decoder)
    return model


def losses_of(model, data):
    torch.manual_seed(1)
    return model(**model.data_preprocessor(data, training=True), mode='loss')


@torch.no_grad()
def answers_of(model, data):
    return model.test_step(data)


def assert_same_answers(first, second):
    for name in ('scores', 'boxes', 'before_boxes'):
        torch.testing.assert_close(getattr(first, name), getattr(second, name), rtol=1e-3, atol=1e-3)
    assert torch.equal(first.kinds, second.kinds)
    assert first.no_change_score == pytest.approx(second.no_change_score, abs=1e-4)


def test_an_answer_does_not_depend_on_the_company(tiny_model):
    """Pictures of three shapes on one canvas: each pair is cut to its own picture, not to the largest of the batch."""
    shapes = [(64, 128), (128, 60), (40, 20), (64, 128)]
    together = batch(*(make_sample(texts=TEXTS, shapes=(shape, shape)) for shape in shapes), sizes=[(128, 128)] * 4)
    for index, sample in enumerate(answers_of(tiny_model.eval(), together)):
        alone = make_sample(texts=TEXTS, shapes=(shapes[index],) * 2)
        found = answers_of(tiny_model, {'inputs': together['inputs'][index : index + 1], 'data_samples': [alone]})
        for first, second in zip(sample.pred_queries, found[0].pred_queries, strict=True):
            assert_same_answers(first, second)


@torch.no_grad()
def test_regions_are_answered_as_they_are_whatever_the_company():
    model = fresh(decoder={'region_queries': 4}).eval()
    with_region, without = (make_sample(texts=TEXTS) for _ in range(2))
    with_region.regions = torch.tensor([[16.0, 8.0, 40.0, 24.0], [50.0, 50.0, 53.0, 52.0]])
    together = batch(with_region, without)
    with_region, without = answers_of(model, together)
    # Nothing can be seen to differ at the second region: the canvas may be too small for it, the files were not.
    boxes = with_region.pred_queries[0].boxes
    for region in with_region.regions:
        assert (boxes == region).all(1).any()
        assert not (without.pred_queries[0].boxes == region).all(1).any()
    for index, sample in enumerate((with_region, without)):
        alone = make_sample(texts=TEXTS)
        if 'regions' in sample:
            alone.regions = sample.regions
        found = answers_of(model, {'inputs': together['inputs'][index : index + 1], 'data_samples': [alone]})
        for first, second in zip(sample.pred_queries, found[0].pred_queries, strict=True):
            assert_same_answers(first, second)


@torch.no_grad()
def test_every_region_is_a_candidate_however_many_there_are(monkeypatch):
    model = fresh(decoder={'region_queries': 2}).eval()
    monkeypatch.setattr(model, 'max_per_query', 8)
    corners = torch.tensor([[x, y] for y in range(4, 60, 15) for x in range(4, 60, 15)], dtype=torch.float32)
    crowded, other = make_sample(texts=TEXTS), make_sample(texts=TEXTS)
    crowded.regions = torch.cat([corners, corners + 8], dim=1)
    other.regions = crowded.regions[:1]
    crowded, other = answers_of(model, batch(crowded, other))
    for answer in crowded.pred_queries:
        assert {tuple(box) for box in crowded.regions.tolist()} <= {tuple(box) for box in answer.boxes.tolist()}
    assert all(len(answer.boxes) <= 8 for answer in other.pred_queries)


@torch.no_grad()
@pytest.mark.parametrize('early', [False, True])
def test_what_the_canvas_is_too_small_for_is_still_a_change(early):
    parts = {'decoder': {'region_queries': 4}}
    if early:
        parts['neck'] = {'fusion_layers': 1, 'embed_dims': EMBED}
        parts['dense_head'] = {'in_channels': EMBED, 'text_channels': EMBED}
        parts['decoder'].update(value_dims=EMBED, text_from_layer=0)
    model = fresh(**parts).eval()
    data = batch(make_sample(texts=TEXTS))
    data['inputs'][0][1] = data['inputs'][0][0]
    data['data_samples'][0].regions = torch.tensor([[50.0, 50.0, 53.0, 52.0]])
    for answer in answers_of(model, data)[0].pred_queries:
        assert answer.no_change_score < 1
        assert answer.boxes[answer.scores > 0].tolist() == [[50.0, 50.0, 53.0, 52.0]]


class TestLoss:
    @torch.no_grad()
    def test_regions_learn_to_be_told_from_estimates(self):
        model = fresh(decoder={'region_queries': 4}).train()
        pair = make_sample([BOX], TEXTS, [[1], [0], [1]])
        pair.regions = torch.tensor([BOX], dtype=torch.float32)
        with torch.enable_grad():
            sum(losses_of(model, batch(pair, make_sample([BOX]))).values()).backward()
        assert model.decoder.region.grad.any()

    @torch.no_grad()
    def test_names_and_numbers(self, tiny_model):
        data = batch(make_sample([BOX], TEXTS, [[1], [0], [1]]), make_sample([BOX, (0, 0, 9, 9)]))
        found = losses_of(tiny_model, data)
        last = {'loss_l1', 'loss_giou', 'loss_kind', 'loss_change', 'loss_match', 'loss_choice'}
        assert {'loss_dense_score', 'loss_dense_box'} | last <= set(found)
        assert {name.split('.')[0] for name in found if '.' in name} == {'d0', 'd1'}
        # Text enters in layer 1.
        assert 'd1.loss_choice' in found and 'd0.loss_choice' not in found
        assert all(value.isfinite() and value >= 0 for value in found.values())

    @torch.no_grad()
    @pytest.mark.parametrize(
        'samples',
        [
            (make_sample(texts=TEXTS), make_sample()),
            (make_sample([(20, 20, 21, 21)]), make_sample([(63, 63, 64, 64)])),
            (make_sample([(0, 0, 64, 64)]), make_sample()),
            (make_sample([(4 * n, 4, 4 * n + 3, 60) for n in range(16)]), make_sample([BOX, BOX])),
        ],
        ids=['no changes at all', 'one pixel', 'all of it', 'more changes than queries, twice the same'],
    )
    def test_odd_batches(self, tiny_model, samples):
        found = losses_of(tiny_model, batch(*samples))
        assert all(value.isfinite() and value >= 0 for value in found.values())
        without = all(len(sample.gt_changes) == 0 for sample in samples)
        assert (float(found['loss_l1']) == 0) == without
        assert (float(found['loss_dense_box']) == 0) == without

    @torch.no_grad()
    def test_pairs_of_unequal_size(self, tiny_model):
        found = losses_of(tiny_model, batch(make_sample([BOX]), make_sample([BOX]), sizes=[(64, 96), (33, 64)]))
        assert all(value.isfinite() for value in found.values())

    @pytest.mark.parametrize('origins', [False, True])
    def test_every_part_learns(self, origins):
        model = fresh(decoder={'origins': origins}).train()
        pair = make_sample([BOX, (40, 40, 60, 60)], TEXTS, [[1, 0], [0, 0], [1, 1]])
        losses = losses_of(model, batch(pair, make_sample([(4, 4, 30, 30)])))
        sum(losses.values()).backward()
        parameters = {name: item for name, item in model.named_parameters() if item.requires_grad}
        assert not [name for name in parameters if name.startswith('backbone.backbone')]
        # A layer without text has no use for its branches that read it: they do not train, and nothing else is idle,
        # or several processes would wait for gradients that never come.
        fixed = {
            '.'.join(name.split('.')[:3])
            for name, item in model.head.named_parameters('head')
            if not item.requires_grad
        }
        assert fixed == {'head.match.0', 'head.none.0'}
        assert [name for name, item in parameters.items() if item.grad is None] == []
        assert all(item.grad.isfinite().all() for item in parameters.values())
        assert [name for name, item in parameters.items() if not item.grad.any()] == []

    def test_what_is_out_of_view_is_not_described(self, tiny_model, monkeypatch):
        sample = make_sample([BOX, (40, 40, 60, 60)])
        sample.gt_changes.descriptions = [('cup', 'mug', 'red', 'blue'), ('fork', None, 'grey', None)]
        sample.gt_changes.valid_before[0] = sample.gt_changes.valid_after[1] = False
        told = []
        loss = tiny_model.decoder.describer.loss
        monkeypatch.setattr(tiny_model.decoder.describer, 'loss', lambda *args: (told.append(args[1]), loss(*args))[1])
        losses_of(tiny_model, batch(sample))
        assert told == [[[(None, 'mug', None, 'blue'), ('fork', None, 'grey', None)]]]

    def test_origins_need_a_kind_for_what_moved(self):
        with pytest.raises(ConfigError, match="DiffTracker.head.kinds: expected 'move' among them"):
            build_model(tiny_config(decoder={'origins': True}, head={'kinds': ('add', 'remove')}))

    @torch.no_grad()
    def test_broken_weights_show_in_the_losses(self):
        model = fresh()
        model.decoder.refine[0][-1].bias.fill_(float('nan'))
        # Nothing on the way may raise: the hook that watches the losses names the pairs.
        found = losses_of(model, batch(make_sample([BOX]), make_sample()))
        assert found['d0.loss_l1'].isnan() and found['loss_match'].isnan()

    def test_a_few_steps_lower_the_loss(self):
        model = fresh(denoising=None).train()
        for layer in model.modules():
            if isinstance(layer, torch.nn.Dropout):
                layer.p = 0.0
        data = batch(make_sample([BOX], TEXTS, [[1], [0], [1]]), make_sample([(4, 4, 30, 30)]))
        optimizer = torch.optim.AdamW([item for item in model.parameters() if item.requires_grad], lr=2e-3)
        totals = []
        for _ in range(8):
            optimizer.zero_grad()
            total = sum(losses_of(model, data).values())
            total.backward()
            optimizer.step()
            totals.append(total.item())
        assert totals[-1] < 0.85 * totals[0]

    @torch.no_grad()
    def test_denoising_adds_queries_only_where_something_changed(self, tiny_model, monkeypatch):
        counts = []
        forward = tiny_model.decoder.forward

        def counted(pyramid, start, text, sentences, mask=None):
            counts.append((start.boxes.shape[1], None if mask is None else tuple(mask.shape)))
            return forward(pyramid, start, text, sentences, mask)

        monkeypatch.setattr(tiny_model.decoder, 'forward', counted)
        losses_of(tiny_model, batch(make_sample([BOX, BOX, BOX])))
        losses_of(tiny_model, batch(make_sample()))
        monkeypatch.setattr(tiny_model, 'denoising', None)
        losses_of(tiny_model, batch(make_sample([BOX])))
        assert counts == [(6 + 6, (12, 12)), (6, None), (6, None)]


class TestPredict:
    def test_answers_are_complete_and_sorted(self, tiny_model):
        samples = answers_of(tiny_model, batch(make_sample(texts=TEXTS), make_sample()))
        assert [len(sample.pred_queries) for sample in samples] == [3, 1]
        for answer in (answer for sample in samples for answer in sample.pred_queries):
            assert answer.boxes.shape == answer.before_boxes.shape == (len(answer.scores), 4)
            assert 1 <= len(answer.scores) == len(answer.kinds) <= 6
            assert (answer.scores.diff() <= 0).all() and answer.scores.min() >= 0 and answer.scores.max() <= 1
            assert answer.kinds.dtype == torch.int64 and set(answer.kinds.tolist()) <= set(range(len(KINDS)))
            assert 0 <= answer.no_change_score <= 1
            assert (answer.boxes >= 0).all() and (answer.boxes <= 64).all()
            assert (answer.boxes[:, 2:] >= answer.boxes[:, :2]).all()

    def test_many_sentences_at_once_equal_one_by_one(self, tiny_model):
        other = make_sample(texts=['which lamp is off?'])
        together = answers_of(tiny_model, batch(make_sample(texts=TEXTS), other))
        for place, text in enumerate(TEXTS):
            alone = answers_of(tiny_model, batch(make_sample(texts=[text])))[0]
            assert_same_answers(alone.pred_queries[0], together[0].pred_queries[place])
        assert not torch.allclose(together[0].pred_queries[0].scores, together[0].pred_queries[1].scores, atol=1e-5)

    def test_fusion_in_the_neck_gives_each_sentence_its_own_maps(self):
        # Words and image tokens meet in one attention, so they are of one width.
        neck = {'fusion_layers': 1, 'encoder_layers': 1, 'embed_dims': EMBED}
        model = fresh(neck=neck, dense_head={'in_channels': EMBED}, decoder={'value_dims': EMBED}).eval()
        with torch.no_grad():
            assert sum(losses_of(model, batch(make_sample([BOX], TEXTS), make_sample([BOX]))).values()).isfinite()
        together = answers_of(model, batch(make_sample(texts=TEXTS), make_sample()))
        for place, text in enumerate(TEXTS):
            alone = answers_of(model, batch(make_sample(texts=[text])))[0]
            assert_same_answers(alone.pred_queries[0], together[0].pred_queries[place])

    def test_pairs_do_not_depend_on_their_batch(self, tiny_model):
        samples = [make_sample(texts=[text]) for text in TEXTS]
        together = answers_of(tiny_model, batch(*samples))
        data = batch(*[make_sample(texts=[text]) for text in TEXTS])
        for place in range(3):
            alone = answers_of(tiny_model, {name: [items[place]] for name, items in data.items()})[0]
            assert_same_answers(alone.pred_queries[0], together[place].pred_queries[0])

    def test_pictures_order_and_words_matter(self, tiny_model):
        data = batch(make_sample(texts=TEXTS[:1]))
        plain = answers_of(tiny_model, data)[0].pred_queries[0].scores.clone()
        swapped = {'inputs': [data['inputs'][0].flip(0)], 'data_samples': [make_sample(texts=TEXTS[:1])]}
        assert not torch.allclose(answers_of(tiny_model, swapped)[0].pred_queries[0].scores, plain, atol=1e-5)

    def test_blank_text_ignores_the_sentence(self, tiny_model, monkeypatch):
        monkeypatch.setattr(tiny_model, 'blank_text', True)
        first, second, third = answers_of(tiny_model, batch(make_sample(texts=TEXTS)))[0].pred_queries
        for other in (second, third):
            # Rows of one batch may round differently.
            assert_same_answers(first, other)
        monkeypatch.setattr(tiny_model, 'blank_text', False)
        constant = answers_of(tiny_model, batch(make_sample(texts=[tiny_model.BLANK])))[0].pred_queries[0]
        assert_same_answers(constant, first)

    def test_fewer_boxes_on_request(self, tiny_model, monkeypatch):
        whole = answers_of(tiny_model, batch(make_sample()))[0].pred_queries[0]
        monkeypatch.setattr(tiny_model, 'max_per_query', 2)
        best = answers_of(tiny_model, batch(make_sample()))[0].pred_queries[0]
        assert 1 <= len(best) <= 2
        assert torch.equal(best.boxes, whole.boxes[: len(best)]) and torch.equal(best.scores, whole.scores[: len(best)])

    def test_a_place_is_answered_once(self, tiny_model, monkeypatch):
        place, near, other = (0.3, 0.3, 0.2, 0.2), (0.3, 0.31, 0.2, 0.2), (0.5, 0.2, 0.1, 0.1)
        boxes = torch.tensor([[near, other, place, place]])
        state = LayerState(torch.zeros(1, 4, 64), boxes, boxes, True)
        scores, kinds = torch.tensor([[0.6, 0.5, 0.9, 0.7]]), torch.tensor([[0, 1, 2, 3]])
        monkeypatch.setattr(tiny_model.decoder, 'num_queries', boxes.shape[1])
        monkeypatch.setattr(tiny_model.head, 'predict', lambda *_: (state, scores, kinds, torch.tensor([0.2])))
        answer = answers_of(tiny_model, batch(make_sample()))[0].pred_queries[0]
        assert answer.scores.tolist() == pytest.approx([0.9, 0.5])
        assert answer.kinds.tolist() == [2, 1]

    def test_a_place_where_no_pixel_differs_is_no_answer(self, tiny_model, monkeypatch):
        boxes = torch.tensor([[(0.8, 0.8, 0.2, 0.2), (0.4, 0.2, 0.2, 0.2)]])
        state = LayerState(torch.zeros(1, 2, 64), boxes, boxes, True)
        scores, kinds = torch.tensor([[0.9, 0.4]]), torch.tensor([[0, 1]])
        monkeypatch.setattr(tiny_model.decoder, 'num_queries', boxes.shape[1])
        monkeypatch.setattr(tiny_model.head, 'predict', lambda *_: (state, scores, kinds, torch.tensor([0.2])))
        answer = answers_of(tiny_model, batch(make_sample()))[0].pred_queries[0]
        assert answer.scores.tolist() == pytest.approx([0.4])
        assert answer.no_change_score == pytest.approx(0.2)

    def test_boxes_come_in_pixels_of_each_original(self, tiny_model, monkeypatch):
        # Canvas 64 x 64. Before 256 wide and 128 high, scale 1/4: it fills 64 x 32. After 32 x 32, scale 2: all of it.
        sample = make_sample(texts=['x'], shapes=((128, 256), (32, 32)), scales=(0.25, 2.0))
        before = torch.tensor([[[0.25, 0.125, 0.25, 0.125], [0.5, 0.5, 1.0, 1.0]]])
        after = torch.tensor([[[0.25, 0.125, 0.25, 0.125], [0.9, 0.9, 0.4, 0.4]]])
        state = LayerState(torch.zeros(1, 2, 64), before, after, True)
        scores, kinds = torch.tensor([[0.9, 0.4]]), torch.tensor([[3, 1]])
        monkeypatch.setattr(tiny_model.decoder, 'num_queries', 2)
        monkeypatch.setattr(tiny_model.head, 'predict', lambda *_: (state, scores, kinds, torch.tensor([0.2])))
        answer = answers_of(tiny_model, batch(sample))[0].pred_queries[0]
        # x 8 to 24 and y 4 to 12 of the canvas, times 4 and by 2.
        torch.testing.assert_close(answer.before_boxes[0], torch.tensor([32.0, 16.0, 96.0, 48.0]))
        torch.testing.assert_close(answer.boxes[0], torch.tensor([4.0, 2.0, 12.0, 6.0]))
        # Cut at the picture's border: 0 to 64 of the canvas is more than the before picture is high.
        torch.testing.assert_close(answer.before_boxes[1], torch.tensor([0.0, 0.0, 256.0, 128.0]))
        torch.testing.assert_close(answer.boxes[1], torch.tensor([22.4, 22.4, 32.0, 32.0]))
        assert answer.kinds.tolist() == [3, 1]
        assert answer.no_change_score == pytest.approx(0.2)

    @torch.no_grad()
    def test_extent_of_the_pictures(self, tiny_model):
        samples = [make_sample(shapes=((128, 256), (32, 32)), scales=(0.25, 1.0)), make_sample()]
        found = tiny_model._extent(samples, torch.zeros(2, 2, 3, 64, 128))
        expected = [[[0.5, 0.5], [0.25, 0.5]], [[0.5, 1.0], [0.5, 1.0]]]
        torch.testing.assert_close(found, torch.tensor(expected))

    def test_pairs_without_sentences(self, tiny_model):
        mixed = answers_of(tiny_model, batch(make_sample(texts=[]), make_sample()))
        assert mixed[0].pred_queries == [] and len(mixed[1].pred_queries) == 1
        assert answers_of(tiny_model, batch(make_sample(texts=[])))[0].pred_queries == []


@torch.no_grad()
def test_tensor_mode(tiny_model):
    data = tiny_model.data_preprocessor(batch(make_sample(texts=TEXTS), make_sample()))
    shapes = [tuple(item.shape) for item in tiny_model(**data, mode='tensor')]
    assert shapes == [(6, 6, 4), (6, 6, 4), (6, 6), (6,)]


def test_a_train_step_changes_weights():
    model = fresh().train()
    wrapper = OptimWrapper(torch.optim.SGD([item for item in model.parameters() if item.requires_grad], lr=1e-3))
    before = {name: item.clone() for name, item in model.state_dict().items()}
    log = model.train_step(batch(make_sample([BOX])), wrapper)
    assert log['loss'].isfinite()
    changed = {name.split('.')[0] for name, item in model.state_dict().items() if not torch.equal(item, before[name])}
    assert changed == {'backbone', 'text_encoder', 'neck', 'dense_head', 'decoder', 'head'}
    assert torch.equal(model.backbone.backbone.stem.weight, before['backbone.backbone.stem.weight'])


@torch.no_grad()
def test_training_draws_follow_the_seed():
    model = fresh().train()
    data = batch(make_sample([BOX]))
    first, second = losses_of(model, data), losses_of(model, data)
    assert all(torch.equal(first[name], second[name]) for name in first)


@torch.no_grad()
def test_boxes_of_an_aligned_before_image_are_told_where_they_were(tiny_model):
    samples = [make_sample(), make_sample()]
    samples[1].set_metainfo({'motion': np.array([[1.0, 0.0, 5.0], [0.0, 1.0, -3.0], [0.0, 0.0, 1.0]])})
    plain, moved = (
        tiny_model.test_step({'inputs': [make_pair()], 'data_samples': [sample]})[0].pred_queries[0]
        for sample in samples
    )
    assert torch.equal(plain.boxes, moved.boxes) and torch.equal(plain.scores, moved.scores)
    # Sides that were not clipped to the picture.
    inside = (plain.before_boxes > 0) & (plain.before_boxes < 64)
    assert inside.any()
    expected = (plain.before_boxes - torch.tensor([5.0, -3.0, 5.0, -3.0])).clamp(0, 64)
    torch.testing.assert_close(moved.before_boxes[inside], expected[inside])
