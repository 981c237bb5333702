"""Every config loads and builds, and every ablation differs from its base in what it claims, in nothing else."""

from __future__ import annotations

import json

import pytest
from mmengine.config import Config

import difftracker.register  # noqa: F401
from difftracker.apis.build import build_model
from difftracker.models.difference import DifferenceEnhancement
from difftracker.registry import DATASETS, HOOKS, METRICS, OPTIM_WRAPPERS, TRANSFORMS
from tests.test_models.zoo_models import CONFIGS, with_random_weights

RUNS = sorted((CONFIGS / 'difftracker').glob('*.py'))
RECIPES = sorted((CONFIGS / 'recipes').glob('*.json'))
BASE = 'difftracker-lite_cpu_mixture'
DIFFERENCE = 'model.backbone.difference.'
DEM = {'type': 'DifferenceEnhancement', 'window': (3, 3, 3, 3), 'enhancement': True, 'suppression': True}
GONE = '(not there)'


def in_place_of_dem(kind):
    """The changes of a config that puts another difference module in DEM's place."""
    changes = {DIFFERENCE + key: (value, GONE) for key, value in DEM.items()}
    return {**changes, DIFFERENCE + 'type': (DEM['type'], kind)}


ABLATIONS = {
    'no-enhancement': {DIFFERENCE + 'enhancement': (True, False)},
    'no-suppression': {DIFFERENCE + 'suppression': (True, False)},
    'subtraction': in_place_of_dem('Subtraction'),
    'visual-delta': in_place_of_dem('VisualDelta'),
    'mdp': in_place_of_dem('MultiScaleDifferentialPerception'),
    'co-attention': in_place_of_dem('CoAttention'),
    'no-attributes': {'model.decoder.attributes': (8, 0), 'model.head.alignment_dims': (256, 0)},
    'no-describer': {
        'model.decoder.describer': (GONE, None),
        'model.decoder.describer.type': ('ChangeDescriber', GONE),
        'model.decoder.describer.embed_dims': (192, GONE),
    },
    'blank-text': {'model.blank_text': (GONE, True)},
    'no-denoising': {
        'model.denoising': (GONE, None),
        'model.denoising.positive_noise': (0.4, GONE),
        'model.denoising.negative_noise': (1.0, GONE),
    },
}


def load(name):
    return Config.fromfile(CONFIGS / 'difftracker' / f'{name}.py')


def flatten(value, prefix=''):
    """Every leaf of nested dicts and of lists of dicts, by its dotted path."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        items = enumerate(value)
    else:
        return {prefix: value}
    return {key: leaf for name, item in items for key, leaf in flatten(item, f'{prefix}.{name}'.strip('.')).items()}


def build(config):
    model = with_random_weights(config.model)
    if 'depths' in model.backbone.backbone:
        model.backbone.backbone.depths = (1, 1, 1, 1)
    return build_model(model)


@pytest.mark.parametrize('path', RUNS, ids=lambda path: path.stem)
def test_loads_and_builds(path):
    config = Config.fromfile(path)
    model = build(config)
    assert model.head.kinds == tuple(config.kinds)
    model.init_weights()
    expected = path.stem.removeprefix('difftracker-lite_')
    assert model.blank_text == (expected == 'blank-text')
    assert (model.denoising is None) == (expected == 'no-denoising')
    for stage in model.backbone.difference:
        assert type(stage).__name__ == config.model.backbone.difference.type
        if isinstance(stage, DifferenceEnhancement):
            assert (stage.enhance is None) == (expected == 'no-enhancement')
            assert (stage.gate is None) == (expected == 'no-suppression')
    training, test = config.train_dataloader.dataset, config.test_dataloader.dataset
    for dataset in (training, *training.datasets, config.val_dataloader.dataset, test):
        assert DATASETS.get(dataset.type) is not None
        for step in dataset.get('pipeline', []):
            assert TRANSFORMS.get(step.type) is not None, step
    # Boxes are learned and answered at one scale.
    for pipeline in (*(dataset.pipeline for dataset in training.datasets), test.pipeline):
        assert [step.scale for step in pipeline if step.type == 'PairResize'] == [config.image_size]
    assert METRICS.get(config.test_evaluator.type) is not None
    assert OPTIM_WRAPPERS.get(config.optim_wrapper.type) is not None
    for hook in (*config.custom_hooks, *config.default_hooks.values()):
        assert HOOKS.get(hook.type) is not None, hook


def test_every_run_is_known():
    names = {path.stem for path in RUNS}
    sizes = {BASE, *(f'difftracker-{size}_gpu_mixture' for size in ('small', 'swin-t', 'swin-b'))}
    assert {f'difftracker-lite_{name}' for name in ABLATIONS} | sizes <= names


@pytest.mark.parametrize('name', ABLATIONS)
def test_an_ablation_changes_what_it_claims(name):
    base, other = (flatten(load(stem).to_dict()) for stem in (BASE, f'difftracker-lite_{name}'))
    found = {
        key: (base.get(key, GONE), other.get(key, GONE))
        for key in base.keys() | other.keys()
        if base.get(key, GONE) != other.get(key, GONE)
    }
    assert found == ABLATIONS[name]


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_recipe_is_named_after_its_file(path):
    assert json.loads(path.read_text())['name'] == path.stem
