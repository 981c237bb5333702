"""The drop-in module: same weights, same outputs as mmcv's, and one import puts it into mmdet's models."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

pytest.importorskip('mmcv', reason='mmcv is not installed')

from difftracker.ops.multi_scale_deformable_attention import (
    MmcvAttention,
    MultiScaleDeformableAttention,
    sampling_locations,
)

LEVELS = torch.tensor([[6, 5], [3, 4], [2, 2], [1, 1]])
STARTS = LEVELS.prod(1).cumsum(0) - LEVELS.prod(1)
LENGTH = int(LEVELS.prod(1).sum())


def pair(**options):
    torch.manual_seed(0)
    theirs = MmcvAttention(embed_dims=64, num_heads=4, dropout=0.0, **options)
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    ours = MultiScaleDeformableAttention(embed_dims=64, num_heads=4, dropout=0.0, **options)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def inputs(batch_first: bool, reference_size: int) -> dict:
    query, value, position = torch.randn(2, 7, 64), torch.randn(2, LENGTH, 64), torch.randn(2, 7, 64)
    if not batch_first:
        query, value, position = (tensor.transpose(0, 1) for tensor in (query, value, position))
    return {
        'query': query,
        'value': value,
        'query_pos': position,
        'key_padding_mask': torch.rand(2, LENGTH) > 0.8,
        'reference_points': torch.rand(2, 7, 4, reference_size),
        'spatial_shapes': LEVELS,
        'level_start_index': STARTS,
    }


@pytest.mark.parametrize('batch_first', [True, False])
@pytest.mark.parametrize('reference_size', [2, 4])
def test_equals_mmcv(batch_first, reference_size):
    theirs, ours = pair(batch_first=batch_first)
    arguments = inputs(batch_first, reference_size)
    expected, got = theirs(**arguments), ours(**arguments)
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-5)
    expected.square().sum().backward()
    got.square().sum().backward()
    for one, other in zip(ours.parameters(), theirs.parameters()):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-4)


def test_self_attention_and_identity():
    theirs, ours = pair(batch_first=True)
    query, identity = torch.randn(1, LENGTH, 64), torch.randn(1, LENGTH, 64)
    arguments = {
        'reference_points': torch.rand(1, LENGTH, 4, 2),
        'spatial_shapes': LEVELS,
        'level_start_index': STARTS,
        'identity': identity,
    }
    torch.testing.assert_close(ours(query, **arguments), theirs(query, **arguments), rtol=1e-5, atol=1e-5)


def test_half_precision_model_with_float_references():
    _, ours = pair(batch_first=True)
    arguments = inputs(True, 4)
    halved = {
        name: tensor.bfloat16() if name in ('query', 'value', 'query_pos') else tensor
        for name, tensor in arguments.items()
    }
    expected = ours(**arguments)
    got = ours.bfloat16()(**halved)
    assert got.dtype == torch.bfloat16
    assert (got.float() - expected).abs().max() < 0.05 * expected.abs().max()


def test_compiles_without_a_graph_break():
    _, ours = pair(batch_first=True)
    arguments = inputs(True, 4)
    compiled = torch.compile(ours, fullgraph=True, backend='aot_eager')
    torch.testing.assert_close(compiled(**arguments), ours(**arguments))


def test_wrong_references():
    with pytest.raises(ValueError, match='last dimension of 2 or 4'):
        sampling_locations(torch.rand(1, 2, 4, 3), torch.rand(1, 2, 1, 4, 2, 2), LEVELS)


def test_is_an_mmcv_module():
    ours = MultiScaleDeformableAttention()
    assert isinstance(ours, MmcvAttention)
    ours.init_weights()


PATCH = """
import difftracker.registry
{before}
import difftracker.ops.mmcv_patch
from mmdet.models.layers import DeformableDetrTransformerEncoder, DinoTransformerDecoder
from mmdet.models.layers.transformer.grounding_dino_layers import GroundingDinoTransformerDecoderLayer
from mmdet.registry import MODELS
layer = dict(self_attn_cfg=dict(embed_dims=32, num_heads=4), ffn_cfg=dict(embed_dims=32, feedforward_channels=16))
encoder = DeformableDetrTransformerEncoder(num_layers=1, layer_cfg=layer)
print(type(encoder.layers[0].self_attn).__module__)
print(type(MODELS.build(dict(type='MultiScaleDeformableAttention'))).__module__)
decoder = GroundingDinoTransformerDecoderLayer(
    self_attn_cfg=dict(embed_dims=32, num_heads=4), cross_attn_cfg=dict(embed_dims=32, num_heads=4),
    cross_attn_text_cfg=dict(embed_dims=32, num_heads=4), ffn_cfg=dict(embed_dims=32, feedforward_channels=16))
print(type(decoder.cross_attn).__module__)
"""


@pytest.mark.slow
@pytest.mark.parametrize('before', ['', 'import mmdet.models.layers'])
def test_one_import_puts_it_into_mmdet(before):
    code = PATCH.format(before=before)
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ['difftracker.ops.multi_scale_deformable_attention'] * 3
