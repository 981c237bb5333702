"""A run of mmengine's runner that takes milliseconds."""

from __future__ import annotations

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from difftracker.structures.pair_data_sample import PairDataSample


class ToyPairs(Dataset):
    """Six samples; remembers each epoch that it was told."""

    def __init__(self):
        self.epochs = []
        self.metainfo = {}

    def set_epoch(self, epoch):
        self.epochs.append(epoch)

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return {'inputs': torch.ones(1), 'data_samples': PairDataSample(metainfo={'pair_id': f'pair-{index}'})}


class ToyModel(BaseModel):
    """One weight; the loss of the pairs in `broken` is the given number."""

    def __init__(self, broken=None):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))
        self.broken = broken or {}
        self.draws = []

    def forward(self, inputs, data_samples=None, mode='tensor'):
        self.draws.append(float(torch.rand(1)))
        factor = [self.broken.get(sample.pair_id, 1.0) for sample in data_samples]
        return {'loss_box': (self.weight * torch.tensor(factor)).sum(), 'loss_kind': self.weight.sum() * 0}


def toy_runner(work_dir, model, hooks, saved_by_epoch=False):
    """A runner of two epochs of three iterations; saves after each iteration or each epoch."""
    loader = {
        'batch_size': 2,
        'dataset': ToyPairs(),
        'sampler': {'type': 'DefaultSampler', 'shuffle': False},
        'collate_fn': {'type': 'pseudo_collate'},
    }
    return Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=loader,
        train_cfg={'by_epoch': True, 'max_epochs': 2},
        optim_wrapper={'optimizer': {'type': 'SGD', 'lr': 0.01}},
        default_hooks={'checkpoint': {'type': 'CheckpointHook', 'interval': 1, 'by_epoch': saved_by_epoch}},
        custom_hooks=hooks,
        default_scope='mmdet',
        experiment_name=work_dir.name,
    )
