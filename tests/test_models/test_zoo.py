"""All sizes of the model, forward and backward, with random weights at 64 px.

The image backbones have their full depth. The text encoders have their full width and one layer. The smallest model
computes in bfloat16 everywhere, the others where the processor does: emulated, Swin-B takes minutes.
"""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope

from difftracker.apis.build import build_model
from difftracker.models.text import TextEncoder
from tests.test_models.tiny import make_pair, make_sample, training_precision
from tests.test_models.zoo_models import CONFIGS, with_random_weights

SIZES = ['small', 'swin_t', 'swin_b']
TEXTS = ('the red mug is gone', 'what was added?')
BOXES = ((16, 8, 40, 24), (40, 40, 56, 60))


def load(size):
    return with_random_weights(Config.fromfile(CONFIGS / '_base_' / 'models' / f'difftracker_{size}.py').model)


def batch():
    samples = [
        make_sample(BOXES, TEXTS, answers=[[1, 0], [0, 0]]),
        make_sample(BOXES[:1], TEXTS[:1]),
    ]
    return {'inputs': [make_pair(seed=0), make_pair(seed=1)], 'data_samples': samples}


@pytest.mark.parametrize('size', SIZES)
def test_learns_and_answers(size):
    config = load(size)
    model = build_model(config)
    model.init_weights()
    model.train()
    data = model.data_preprocessor(batch(), training=True)
    with torch.autocast('cpu', dtype=torch.bfloat16) if size == 'small' else training_precision(model):
        losses = model(**data, mode='loss')
    layers = config.decoder.num_layers
    text_layers = layers - config.decoder.text_from_layer
    assert sum(name.endswith('loss_l1') for name in losses) == layers
    assert sum(name.endswith('loss_match') for name in losses) == text_layers
    assert ('loss_dense_match' in losses) == (size != 'small')
    assert all(value.isfinite() for value in losses.values())
    sum(losses.values()).backward()
    unused = {name for name, x in model.named_parameters() if x.requires_grad and x.grad is None}
    early = [f'head.{part}.{layer}.' for part in ('match', 'none') for layer in range(layers - text_layers)]
    assert all(name.startswith(tuple(early)) for name in unused) if early else not unused
    assert all(x.grad.isfinite().all() for x in model.parameters() if x.grad is not None)
    model.zero_grad(set_to_none=True)
    check_answers(model.eval())


@torch.no_grad()
def check_answers(model):
    first, second = model.test_step(batch())
    assert [len(first.pred_queries), len(second.pred_queries)] == [2, 1]
    for answer in (*first.pred_queries, *second.pred_queries):
        assert 0 < len(answer) <= model.max_per_query
        assert answer.boxes.isfinite().all() and answer.boxes.min() >= 0 and answer.boxes.max() <= 64
        assert (answer.scores.diff() <= 0).all()


@torch.no_grad()
@pytest.mark.parametrize('size', SIZES)
def test_stage_channels_are_those_of_the_backbone(size):
    config = load(size).backbone
    backbone = config.backbone
    if 'depths' in backbone:
        backbone.depths = (1, 1, 1, 1)
    maps = build_model(backbone)(torch.zeros(1, 3, 64, 96))
    wanted = [(c, 64 // s, 96 // s) for c, s in zip(config.in_channels, (4, 8, 16, 32), strict=True)]
    assert [tuple(item.shape[1:]) for item in maps] == wanted


def test_swin_reads_weights_in_the_layout_of_its_release(tmp_path):
    config = load('swin_t').backbone
    config.backbone.depths = (1, 1, 1, 1)
    stored = {'patch_embed.proj.weight': torch.randn(96, 3, 4, 4), 'layers.3.blocks.0.mlp.fc1.bias': torch.randn(3072)}
    torch.save({'model': stored}, tmp_path / 'swin.pth')
    config.backbone.init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'swin.pth'))
    model = build_model(config)
    model.init_weights()
    assert torch.equal(model.backbone.patch_embed.projection.weight, stored['patch_embed.proj.weight'])
    bias = model.backbone.stages[3].blocks[0].ffn.layers[0][0].bias
    assert torch.equal(bias, stored['layers.3.blocks.0.mlp.fc1.bias'])


def test_initialisation_keeps_the_pretrained_words_of_a_text_encoder_that_trains():
    encoder = TextEncoder('minilm', out_channels=64, frozen=False, adapter_layers=0)
    plain = {name: value.clone() for name, value in encoder.encoder.state_dict().items()}
    encoder.init_weights()
    for name, value in encoder.encoder.state_dict().items():
        assert torch.equal(value, plain[name]), name


def test_pretrained_parts_of_swin_models_learn_slowly():
    config = Config.fromfile(CONFIGS / 'difftracker' / 'difftracker-swin-t_gpu_mixture.py')
    model_config = with_random_weights(config.model)
    model_config.backbone.backbone.depths = (1, 1, 1, 1)
    model = build_model(model_config)
    with DefaultScope.overwrite_default_scope('mmdet'):
        groups = build_optim_wrapper(model, config.optim_wrapper).optimizer.param_groups
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    seen = set()
    for group in groups:
        for parameter in group['params']:
            name = names[id(parameter)]
            slow = name.startswith(('backbone.backbone.', 'text_encoder.encoder.'))
            assert group['lr'] == pytest.approx(1e-5 if slow else 1e-4), name
            if 'relative_position_bias_table' in name:
                assert group['weight_decay'] == 0
            seen.add(name)
    assert seen == {name for name, parameter in model.named_parameters() if parameter.requires_grad}
