"""A tiny detector and made-up pairs."""

from __future__ import annotations

import torch
from mmengine.structures import InstanceData

from difftracker.engine.bf16_optim_wrapper import Bf16OptimWrapper
from difftracker.structures.pair_data_sample import PairDataSample

KINDS = ('appearance', 'replace', 'remove', 'add', 'move')
EMBED, VALUE = 64, 32
SEMANTIC = (3, 5)
BERT = {'hidden_size': 32, 'num_hidden_layers': 1, 'num_attention_heads': 2, 'intermediate_size': 64}


def tiny_config(**changes):
    """Config of a detector with all parts of difftracker-lite; `changes` update one part each, by name."""
    stages = (8, 16, 16, 16)
    config = {
        'type': 'DiffTracker',
        'data_preprocessor': {'type': 'PairDataPreprocessor'},
        'backbone': {
            'type': 'DifferentialBackbone',
            'backbone': {'type': 'EfficientNetLite', 'arch': 'lite0', 'frozen_stages': 4},
            'difference': {'type': 'DifferenceEnhancement', 'window': (3, 3, 3, 3)},
            'in_channels': (24, 40, 112, 320),
            'out_channels': stages,
        },
        'text_encoder': {'type': 'TextEncoder', 'out_channels': EMBED, 'pretrained': False, 'architecture': BERT},
        'neck': {'type': 'VisionLanguageNeck', 'in_channels': stages, 'embed_dims': VALUE},
        'dense_head': {'type': 'DenseChangeHead', 'in_channels': VALUE},
        'decoder': {
            'type': 'TextConditionedDecoder',
            'embed_dims': EMBED,
            'value_dims': VALUE,
            'num_queries': 6,
            'num_layers': 3,
            'text_from_layer': 1,
            'num_heads': 2,
            'num_points': 2,
            'semantic_channels': (112, 320),
            'attributes': 2,
            'describer': {'type': 'ChangeDescriber', 'embed_dims': EMBED},
        },
        'head': {'type': 'DiffTrackerHead', 'kinds': KINDS, 'embed_dims': EMBED, 'num_layers': 3, 'alignment_dims': 64},
        'denoising': {'positive_noise': 0.4, 'negative_noise': 1.0},
    }
    for name, change in changes.items():
        config[name] = {**config[name], **change} if isinstance(change, dict) else change
    return config


def shake(model, seed=0):
    """Gives the branches that start at zero random weights, so that nothing is equal by chance of initialisation."""
    generator = torch.Generator().manual_seed(seed)
    branches = [branch[-1] for branch in model.refine]
    looks = [layer.image_attention for layer in model.layers]
    branches += [look.offsets for look in looks] + [look.weights for look in looks]
    if model.origins is not None:
        branches.append(model.origins.tell[-1])
    with torch.no_grad():
        for branch in branches:
            branch.weight.copy_(torch.randn(branch.weight.shape, generator=generator) * 0.1)


def training_precision(model):
    """The context in which training runs this model: bfloat16 where the processor computes it."""
    return Bf16OptimWrapper(torch.optim.SGD(model.parameters())).optim_context(model)


def make_sample(boxes=(), texts=('find it',), answers=None, kinds=None, shapes=((64, 64), (64, 64)), scales=(1.0, 1.0)):
    """A sample with truth; every sentence asks for every change unless `answers` says otherwise.

    `boxes` are xyxy pixels of the canvas, the same in both images.
    """
    count = len(boxes)
    sample = PairDataSample(
        metainfo={
            'pair_id': f'pair-{count}',
            'ori_shape_before': shapes[0],
            'ori_shape_after': shapes[1],
            'before_scale': scales[0],
            'after_scale': scales[1],
            'texts': list(texts),
            'query_ids': [f'q{index}' for index in range(len(texts))],
        }
    )
    table = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    sample.gt_changes = InstanceData(
        boxes_before=table.clone(),
        boxes_after=table,
        valid_before=torch.ones(count, dtype=torch.bool),
        valid_after=torch.ones(count, dtype=torch.bool),
        kinds=torch.tensor([index % len(KINDS) for index in range(count)] if kinds is None else kinds).long(),
        descriptions=[(f'thing {index}', None, None, 'red') for index in range(count)],
    )
    asked = torch.ones((len(texts), count)) if answers is None else torch.tensor(answers)
    sample.gt_answers = asked.reshape(len(texts), count).bool()
    return sample


def make_pair(height=64, width=64, seed=0):
    """A random `(2, 3, H, W)` uint8 pair that differs in one block."""
    generator = torch.Generator().manual_seed(seed)
    pair = torch.randint(0, 256, (1, 3, height, width), generator=generator, dtype=torch.uint8).repeat(2, 1, 1, 1)
    pair[1, :, 8:24, 16:40] = 255 - pair[1, :, 8:24, 16:40]
    return pair


def random_pyramid(batch, channels, sizes=((8, 8), (4, 4), (2, 2)), seed=0):
    """A random `PairPyramid` of pictures that fill the canvas."""
    from difftracker.models.layers import PairPyramid

    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(shape, generator=generator)

    before, after = (tuple(draw(batch, channels, *size) for size in sizes) for _ in range(2))
    height, width = sizes[0]
    colours = [draw(batch, 3, 2 * height, 2 * width) for _ in range(2)]
    semantic = [tuple(draw(batch, width, *size) for width, size in zip(SEMANTIC, sizes[1:])) for _ in range(2)]
    return PairPyramid(before, after, *colours, torch.ones(batch, 2, 2), *semantic)


def random_text(count, length=5, seed=0):
    """Random `TextFeatures` of sentences of unequal length."""
    from difftracker.models.text import TextFeatures

    generator = torch.Generator().manual_seed(seed)
    mask = torch.arange(length)[None] < (torch.arange(count)[:, None] % length + 1)
    tokens, sentence = (torch.randn(*shape, EMBED, generator=generator) for shape in ((count, length), (count,)))
    return TextFeatures(tokens, mask, sentence)
