"""Builds mmdet's own detectors with mmcv's attention and, after the one import, with ours; prints how they compare.

A program, run by `test_mmdet_models.py` in a process of its own because the import changes mmdet for good. The configs
are those that mmdet ships, with fewer layers and narrower backbones; weights are random and everything is in float64,
so that no rounding can exchange two queries of nearly the same score.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

import difftracker.register  # noqa: F401

import mmdet  # isort: skip
from mmdet.registry import MODELS  # isort: skip
from mmdet.structures import DetDataSample  # isort: skip
from mmengine.structures import InstanceData  # isort: skip

CONFIGS = Path(mmdet.__file__).parent / '.mim' / 'configs'
FILES = {
    'Deformable-DETR': 'deformable_detr/deformable-detr_r50_16xb2-50e_coco.py',
    'DINO': 'dino/dino-4scale_r50_8xb2-12e_coco.py',
    'GroundingDINO': 'grounding_dino/grounding_dino_swin-t_pretrain_obj365_goldg_cap4m.py',
}
SMALL = {
    'model.num_queries': 20,
    'model.test_cfg.max_per_img': 20,
    'model.encoder.num_layers': 2,
    'model.encoder.layer_cfg.ffn_cfg.feedforward_channels': 32,
    'model.decoder.num_layers': 2,
    'model.decoder.layer_cfg.ffn_cfg.feedforward_channels': 32,
}
SMALL_RESNET = {
    'model.backbone.depth': 18,
    'model.backbone.base_channels': 8,
    'model.backbone.init_cfg': None,
    'model.neck.in_channels': [16, 32, 64],
}
SMALL_SWIN = {
    'model.backbone.embed_dims': 16,
    'model.backbone.depths': [1, 1, 1, 1],
    'model.backbone.num_heads': [1, 2, 4, 8],
    'model.backbone.drop_path_rate': 0.0,
    'model.neck.in_channels': [32, 64, 128],
    'model.encoder.fusion_layer_cfg.embed_dim': 64,
}
WORDS = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '.', '?', 'red', 'mug', 'chair')
TEXT = 'red mug . chair .'
SHAPES = ((64, 96), (48, 80))


def write_bert(folder: Path) -> None:
    """Writes a BERT of two narrow layers with random weights, as `transformers` keeps it."""
    import transformers

    config = transformers.BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    transformers.BertModel(config).save_pretrained(folder)
    (folder / 'vocab.txt').write_text('\n'.join(WORDS))
    (folder / 'tokenizer_config.json').write_text('{"tokenizer_class": "BertTokenizer", "do_lower_case": true}')


def build(name: str, bert: Path) -> torch.nn.Module:
    """The detector of mmdet's config, made small, without pretrained weights and without dropout."""
    config = Config.fromfile(CONFIGS / FILES[name])
    config.merge_from_dict({**SMALL, **(SMALL_SWIN if name == 'GroundingDINO' else SMALL_RESNET)})
    if 'language_model' in config.model:
        config.model.language_model.name = str(bert)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(config.model)
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    # mmcv makes some parameters in float32 whatever the default is.
    return model.double()


def randomise(model: torch.nn.Module) -> None:
    """Gives every parameter a value: some of mmdet's are left as the memory was."""
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.xavier_normal_(parameter)
        else:
            torch.nn.init.normal_(parameter, std=0.1)


def make_batch() -> tuple[torch.Tensor, list[DetDataSample]]:
    """Two pictures of different sizes, so that padding is masked, each with two boxes."""
    torch.manual_seed(1)
    samples = []
    for height, width in SHAPES:
        truth = InstanceData(
            bboxes=torch.tensor([[4.0, 6.0, 30.0, 40.0], [20.0, 10.0, width - 9.0, height - 5.0]]),
            labels=torch.tensor([0, 1]),
        )
        meta = dict(img_shape=(height, width), ori_shape=(height, width), batch_input_shape=SHAPES[0])
        sample = DetDataSample(metainfo=dict(**meta, scale_factor=(1.0, 1.0), text=TEXT, custom_entities=True))
        sample.gt_instances = truth
        samples.append(sample)
    return torch.randn(len(SHAPES), 3, *SHAPES[0]), samples


def run(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Answers of the model, its losses if its config trains, and the gradient of their sum for every parameter."""
    predicted = model.eval()(*make_batch(), mode='predict')
    found = {f'boxes {i}': sample.pred_instances.bboxes for i, sample in enumerate(predicted)}
    found |= {f'scores {i}': sample.pred_instances.scores for i, sample in enumerate(predicted)}
    if model.train_cfg:
        torch.manual_seed(2)  # of the queries that DINO makes from boxes and noise
        losses = model.train()(*make_batch(), mode='loss')
        found |= {name: loss for name, loss in losses.items() if 'loss' in name}
    sum(result.sum() for result in found.values()).backward()
    grads = ((name, parameter.grad) for name, parameter in model.named_parameters())
    found |= {f'gradient of {name}': grad for name, grad in grads if grad is not None}
    return {name: result.detach() for name, result in found.items()}


def attention_modules(model: torch.nn.Module) -> list[str]:
    return [type(module).__module__ for module in model.modules() if hasattr(module, 'sampling_offsets')]


def main() -> None:
    """Prints a JSON object: for each model the modules in use and the largest relative difference of any result."""
    torch.set_default_dtype(torch.float64)
    bert = Path(sys.argv[1])
    write_bert(bert)
    models = {name: build(name, bert) for name in FILES}
    before = {}
    for name, model in models.items():
        randomise(model)
        before[name] = run(model)

    import difftracker.ops.mmcv_patch  # noqa: F401

    report = {}
    for name, old in models.items():
        new = build(name, bert)
        new.load_state_dict(old.state_dict(), strict=True)
        after = run(new)
        differences = {
            key: ((after[key] - value).abs().max() / value.abs().max().clamp(min=1e-6)).item()
            for key, value in before[name].items()
        }
        report[name] = {
            'modules': [attention_modules(old), attention_modules(new)],
            'same_results': sorted(before[name]) == sorted(after),
            'gradients': sum(key.startswith('gradient of') for key in after),
            'largest_difference': max(differences.values()),
        }
    print(json.dumps(report))


if __name__ == '__main__':
    main()
