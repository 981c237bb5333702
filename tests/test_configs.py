"""Every config of a model loads and builds."""

from __future__ import annotations

import json

import pytest
from mmengine.config import Config

import difftracker.register  # noqa: F401
from difftracker.apis.build import build_model
from difftracker.registry import DATASETS, HOOKS, METRICS, OPTIM_WRAPPERS, TRANSFORMS
from difftracker.synthesis.queries.vocabulary import COCO_LABELS
from tests.test_models.zoo_models import CONFIGS, with_random_weights

RUNS = sorted((CONFIGS / 'difftracker').glob('*.py'))
RECIPES = sorted((CONFIGS / 'recipes').glob('*.json'))


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
    for stage in model.backbone.difference:
        assert type(stage).__name__ == config.model.backbone.difference.type
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


def test_the_names_of_things_are_those_of_the_sentences():
    # A config file cannot import them.
    assert Config.fromfile(CONFIGS / '_base_/things.py').things == COCO_LABELS


def test_every_size_has_a_run():
    runs = ('lite_cpu', 'small_gpu', 'swin-t_gpu', 'swin-b_gpu')
    assert {f'difftracker-{run}_mixture' for run in runs} <= {path.stem for path in RUNS}


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_recipe_is_named_after_its_file(path):
    assert json.loads(path.read_text())['name'] == path.stem


def test_the_recipe_without_decoys_is_the_other_one_without_decoys():
    plain, other = (json.loads((CONFIGS / f'recipes/{name}.json').read_text()) for name in ('photo', 'photo_no-decoys'))
    # The recipe of the photographs leaves decoys at the generator's default.
    assert other.pop('decoys') == [0, 0] and 'decoys' not in plain
    assert {**other, 'name': 'photo'} == plain
