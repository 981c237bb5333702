"""The configs for GPUs train on the mixture of the shipped model."""

from __future__ import annotations

import pytest
from mmengine.config import Config

from tests.test_configs import CONFIGS

BASE = Config.fromfile(CONFIGS / '_base_/datasets/mixture.py')
LAST = [CONFIGS / f'difftracker/difftracker-{name}.py' for name in ('lite_gpu_origins', 'small_gpu_found')]
GPU = sorted(set((CONFIGS / 'difftracker').glob('*_gpu_*.py')) - set(LAST))


@pytest.mark.parametrize('path', GPU, ids=lambda path: path.stem)
def test_the_shares_are_those_of_the_mixture(path):
    mixture, base = Config.fromfile(path).train_dataloader.dataset, BASE.train_dataloader.dataset
    assert mixture.type == base.type and tuple(mixture['weights']) == tuple(base['weights'])
    assert len(mixture.datasets) == len(base.datasets)
    for own, other in zip(mixture.datasets, base.datasets, strict=True):
        assert own.get('min_changes', 0) == other.get('min_changes', 0)
        # Photographs for photographs, and so on.
        domain = other.data_root.split('/')[-1].split('_')[0]
        assert domain in (own.get('recipe') or own.data_root)


@pytest.mark.parametrize('size', ['lite', 'small'])
def test_composed_as_the_mixture_is(size):
    config = Config.fromfile(CONFIGS / f'difftracker/difftracker-{size}_gpu_composed.py')
    steps = [step.to_dict() for step in BASE.train_pipeline]
    for dataset, other in zip(
        config.train_dataloader.dataset.datasets, BASE.train_dataloader.dataset.datasets, strict=True
    ):
        own = [step.to_dict() for step in dataset.pipeline]
        aligned = own.pop([step['type'] for step in own].index('AlignPair'))
        assert 0 < aligned.pop('prob') < 1 and aligned == config.test_pipeline[3].to_dict()
        assert own == (steps[1:] if dataset.type == 'ComposedPairs' else steps)
        assert dataset.queries_per_pair == other.queries_per_pair
        assert dataset.get('long_side', 320) == 320
    assert config.image_size == (320, 320) == tuple(config.test_pipeline[2].scale)
    base = Config.fromfile(CONFIGS / f'_base_/models/difftracker_{size}.py').model.to_dict()
    base['backbone']['backbone']['frozen_stages'] = 1
    assert config.model.to_dict() == base


@pytest.mark.parametrize('path', LAST, ids=lambda path: path.stem)
def test_the_last_stage_is_that_of_the_cpu_but_for_windows(path):
    own = Config.fromfile(path)
    stage = Config.fromfile(path.with_name(path.name.replace('_gpu_', '_cpu_')))
    assert own.model == stage.model and own.image_size == stage.image_size == (384, 384)
    assert own.test_pipeline == stage.test_pipeline
    (freeze,) = (hook for hook in own.custom_hooks if hook.type == 'FreezeHook')
    assert freeze in stage.custom_hooks

    def photographs(config, of):
        mixture = config.train_dataloader.dataset
        found = {}
        for share, item in zip(mixture['weights'], mixture.datasets, strict=True):
            name = of(item)
            if name.startswith('photo'):
                found[name, item.get('min_changes', 0)] = share
        return found

    composed = photographs(own, lambda item: item.get('recipe', item.data_root).split('/')[-1].split('.')[0])
    assert composed == photographs(stage, lambda item: item.data_root.split('/')[-1])
    for item in own.train_dataloader.dataset.datasets:
        assert [step.scale for step in item.pipeline if step.type == 'PairResize'] == [(384, 384)]
        assert item.get('long_side', 384) == 384
        if 'recipe' in item:
            recipe = CONFIGS / 'recipes' / item.recipe.split('/')[-1]
            assert recipe.is_file() and item.get('concise', False) == bool(item.get('min_changes', 0))
