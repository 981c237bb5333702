"""A process of `test_two_processes.py`: trains a tiny detector on its share of fixed batches and writes what it saw.

torchrun --nproc-per-node N tests/test_engine/share_of_batches.py OUT.json
"""

from __future__ import annotations

import json
import os
import sys

import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from torch import nn

from difftracker.apis.build import build_model
from tests.test_models.tiny import EMBED, make_pair, make_sample, shake, tiny_config

# As difftracker-lite, and as the models whose neck reads the sentence.
CONFIGS = {
    'late': tiny_config(decoder={'region_queries': 2}),
    'early': tiny_config(
        neck={'fusion_layers': 1, 'encoder_layers': 1, 'embed_dims': EMBED},
        dense_head={'in_channels': EMBED, 'text_channels': EMBED},
        decoder={'value_dims': EMBED, 'text_from_layer': 0, 'region_queries': 2},
    ),
}
ONE, TWO = [(8, 8, 40, 24)], [(8, 8, 24, 24), (30, 32, 60, 50)]
THREE = [*TWO, (36, 4, 58, 26)]


def batches():
    """Batches of four; of two processes the first gets every other pair, the second the rest."""
    ask, none = ('what has gone?', 'find all'), ('did the dog leave?',)
    few = make_sample(TWO, texts=ask, answers=[[1, 0], [1, 1]], kinds=[0, -1])
    some = [make_sample(ONE, texts=('a', 'b c', 'd')), make_sample(THREE, texts=none, answers=[[0, 0, 0]])]
    region = make_sample(ONE, texts=ask)
    region.regions = torch.tensor(THREE, dtype=torch.float32)
    return {
        'regions in one share': [region, some[0], make_sample(ONE), few],
        'changes in both shares': [few, some[0], some[1], make_sample(texts=none)],
        'changes in one share': [few, make_sample(texts=none), some[0], make_sample(texts=ask)],
        'changes nowhere': [make_sample(texts=none) for _ in range(4)],
        'no known kind in one share': [make_sample(ONE, kinds=[-1]), some[0], make_sample(ONE, kinds=[-1]), few],
    }


def without_chance(model):
    """Nothing may be drawn: processes draw each for itself."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(module, nn.MultiheadAttention):
            module.dropout = 0.0
    torch.rand_like = lambda x: torch.full_like(x, 0.3)
    torch.randint_like = lambda x, high: torch.ones_like(x)
    return model


def run(config, rank, world):
    """Losses of every step and the weights after the last."""
    torch.manual_seed(0)
    model = build_model(config)
    model.init_weights()
    shake(model.decoder)
    model = without_chance(model).train()
    # Plain gradient descent: Adam would blow differences of rounding up to the size of a step.
    optimizer = OptimWrapper(torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1e-3))
    trained = model
    if world > 1:
        if rank:
            # The weights of the first process must be everyone's.
            nn.init.zeros_(model.head.change[0].weight)
        trained = MMDistributedDataParallel(module=model, device_ids=None, broadcast_buffers=False)
    steps = []
    for number, samples in enumerate(batches().values()):
        pairs = [make_pair(seed=10 * number + place) for place in range(len(samples))]
        data = {'inputs': pairs[rank::world], 'data_samples': samples[rank::world]}
        log = trained.train_step(data, optimizer)
        steps.append({name: float(value) for name, value in log.items()})
    weights = {name: value.double().norm().item() for name, value in model.named_parameters()}
    return {'steps': steps, 'weights': weights, 'sample': model.decoder.refine[-1][-1].weight.flatten()[:20].tolist()}


def main(out):
    """Runs both models and writes the file, in the first process."""
    torch.set_num_threads(1)
    rank, world = int(os.environ.get('RANK', 0)), int(os.environ.get('WORLD_SIZE', 1))
    if world > 1:
        torch.distributed.init_process_group('gloo')
    found = {name: run(config, rank, world) for name, config in CONFIGS.items()}
    if rank == 0:
        with open(out, 'w', encoding='utf-8') as file:
            json.dump(found, file)
    if world > 1:
        torch.distributed.destroy_process_group()


if __name__ == '__main__':
    main(sys.argv[1])
