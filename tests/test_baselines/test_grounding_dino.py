"""Grounding DINO as mmdet builds it, small and with random weights: the way from pictures to boxes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from mmengine.config import Config

from difftracker.apis.build import build_model
from difftracker.baselines.grounding_dino import GroundingDinoBaseline, _shipped_config
from difftracker.errors import CheckpointError, ConfigError

WORDS = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '.', '?', 'which', 'cup', 'left')
SMALL = {
    'model.num_queries': 30,
    'model.backbone.embed_dims': 8,
    'model.backbone.depths': [1, 1, 1, 1],
    'model.backbone.num_heads': [1, 1, 2, 2],
    'model.neck.in_channels': [16, 32, 64],
    'model.encoder.num_layers': 1,
    'model.encoder.layer_cfg.ffn_cfg.feedforward_channels': 32,
    'model.encoder.fusion_layer_cfg.embed_dim': 32,
    'model.decoder.num_layers': 1,
    'model.decoder.layer_cfg.ffn_cfg.feedforward_channels': 32,
}


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    """Config, weights and language model of a small one."""
    import transformers

    root = tmp_path_factory.mktemp('grounding')
    bert = root / 'bert'
    sizes = {'hidden_size': 16, 'num_hidden_layers': 1, 'num_attention_heads': 2, 'intermediate_size': 32}
    transformers.BertModel(transformers.BertConfig(vocab_size=len(WORDS), **sizes)).save_pretrained(bert)
    (bert / 'vocab.txt').write_text('\n'.join(WORDS))
    (bert / 'tokenizer_config.json').write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')
    settings = Config.fromfile(_shipped_config())
    settings.merge_from_dict(SMALL)
    for step in settings.test_pipeline:
        if step['type'] == 'FixScaleResize':
            step['scale'] = (96, 160)
    config = root / 'small.py'
    settings.dump(config)
    settings.model.language_model.name = str(bert)
    torch.manual_seed(0)
    model = build_model(settings.model)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.xavier_uniform_(parameter)
        else:
            torch.nn.init.normal_(parameter, std=0.1)
    # Products of 256 numbers: with weights of the usual size every score would be 0 or 1.
    torch.nn.init.normal_(model.text_feat_map.weight, std=0.02)
    state = model.state_dict()
    # As in weights that were saved with transformers 4.
    state['language_model.language_backbone.body.model.embeddings.position_ids'] = torch.arange(8)[None]
    checkpoint = root / 'small.pth'
    torch.save({'state_dict': state, 'meta': {}}, checkpoint)
    return config, checkpoint, bert


def test_boxes_lie_in_the_after_image(files):
    config, checkpoint, bert = files
    baseline = GroundingDinoBaseline(checkpoint, config, bert, max_boxes=7)
    rng = np.random.default_rng(0)
    before, after = (rng.integers(0, 255, (60, 90, 3), dtype=np.uint8) for _ in range(2))
    first, second = baseline.answer(before, after, ['Which cup left?', 'cup'])
    for boxes, scores in (first, second):
        assert boxes.shape == (7, 4) and scores.shape == (7,)
        assert (boxes >= 0).all() and (boxes <= [90, 60, 90, 60]).all()
        assert ((scores > 0) & (scores < 1)).all() and (np.diff(scores) <= 0).all()
    assert not np.array_equal(first[1], second[1])
    # It looks at the after image alone.
    np.testing.assert_array_equal(baseline.answer(after, after, ['cup'])[0][0], second[0])
    assert not np.array_equal(baseline.answer(after, before, ['cup'])[0][0], second[0])


def test_weights_of_another_model(files, tmp_path):
    config, _, bert = files
    torch.save({'state_dict': {'weight': torch.zeros(1)}, 'meta': {}}, tmp_path / 'x.pth')
    with pytest.raises(CheckpointError, match='expected the weights of GroundingDINO'):
        GroundingDinoBaseline(tmp_path / 'x.pth', config, bert)


def test_no_language_model(files, tmp_path):
    config, checkpoint, _ = files
    for name in (tmp_path, 'no-such-bert'):
        with pytest.raises(ConfigError, match='language model: expected a folder'):
            GroundingDinoBaseline(checkpoint, config, name)
