"""Every ablation differs from the base in what it claims and in nothing else, trains, and reads what it should."""

from __future__ import annotations

import pytest
from mmengine.config import Config

import difftracker.register  # noqa: F401
from difftracker.apis.build import build_model
from difftracker.datasets.pair_mixture import PairMixture
from tests.test_datasets.pair_set_factory import pair, write_set
from tests.test_models.tiny import make_pair, make_sample, training_precision
from tests.test_models.zoo_models import CONFIGS, with_random_weights

NAMES = sorted(path.stem for path in (CONFIGS / 'ablations').glob('*.py'))
DIFFERENCE = 'model.backbone.difference.'
DEM = {'type': 'DifferenceEnhancement', 'window': (3, 3, 3, 3), 'enhancement': True, 'suppression': True}
GONE = '(not there)'


def in_place_of_dem(kind):
    """The changes of a config that puts another difference module in DEM's place."""
    changes = {DIFFERENCE + key: (value, GONE) for key, value in DEM.items()}
    return {**changes, DIFFERENCE + 'type': (DEM['type'], kind)}


NO_ATTRIBUTES = {'model.decoder.attributes': (8, 0), 'model.head.alignment_dims': (256, 0)}
NO_ATTENTION = {'model.decoder.text_attention': (GONE, False)}
CLAIMS = {
    'base': {},
    'decoder_no-regions': {'model.decoder.region_queries': (20, 0)},
    'dem_no-alignment': {DIFFERENCE + 'window': ((3, 3, 3, 3), (1, 1, 1, 1))},
    'dem_no-enhancement': {DIFFERENCE + 'enhancement': (True, False)},
    'dem_no-suppression': {DIFFERENCE + 'suppression': (True, False)},
    'dem_stages-none': in_place_of_dem('Projection'),
    'module_subtraction': in_place_of_dem('Subtraction'),
    'module_visual-delta': in_place_of_dem('VisualDelta'),
    'module_mdp': in_place_of_dem('MultiScaleDifferentialPerception'),
    'module_co-attention': in_place_of_dem('CoAttention'),
    'text_blank': {'model.blank_text': (GONE, True)},
    'text_no-attention': NO_ATTENTION,
    'text_no-attributes': NO_ATTRIBUTES,
    'text_no-fusion': {**NO_ATTENTION, **NO_ATTRIBUTES},
    'text_no-describer': {
        'model.decoder.describer': (GONE, None),
        'model.decoder.describer.type': ('ChangeDescriber', GONE),
        'model.decoder.describer.embed_dims': (192, GONE),
    },
    'training_no-denoising': {
        'model.denoising': (GONE, None),
        'model.denoising.positive_noise': (0.4, GONE),
        'model.denoising.negative_noise': (1.0, GONE),
    },
}
# Where all changes lie that are too many to write down; the last parts are names that the config gives to a value.
PLACES = {
    'dem_stages-deepest': (DIFFERENCE, 'dem.'),
    'dem_stages-shallowest': (DIFFERENCE, 'dem.'),
    'data_no-decoys': ('train_dataloader.dataset.datasets.', 'folder'),
    'data_no-photographs': ('train_dataloader.dataset.',),
    'data_no-boards': ('train_dataloader.dataset.',),
    'data_no-screens': ('train_dataloader.dataset.',),
}
STAGES = {
    'base': 'DDDD',
    'dem_stages-none': 'PPPP',
    'dem_stages-deepest': 'PPDD',
    'dem_stages-shallowest': 'DDPP',
}
# Folder, file and smallest number of changes of each training set, and its samples of 1000.
PHOTO = [('ablation_photo', 'train_dense', 0), ('ablation_photo', 'train_concise', 2)]
PLAIN = [('ablation_photo_no-decoys', 'train_dense', 0), ('ablation_photo_no-decoys', 'train_concise', 2)]
BOARDS, SCREENS = ('boards', 'train_dense', 0), ('screens_train', 'train_dense', 0)
SETS = {
    'base': ([*PHOTO, BOARDS, SCREENS], [400, 400, 100, 100]),
    'data_no-decoys': ([*PLAIN, BOARDS, SCREENS], [400, 400, 100, 100]),
    'data_no-photographs': ([BOARDS, SCREENS], [500, 500]),
    'data_no-boards': ([*PHOTO, SCREENS], [445, 444, 111]),
    'data_no-screens': ([*PHOTO, BOARDS], [445, 444, 111]),
}


def load(name):
    return Config.fromfile(CONFIGS / 'ablations' / f'{name}.py')


def flatten(value, prefix=''):
    """Every leaf of nested dicts and of lists of dicts, by its dotted path."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple) and any(isinstance(item, dict) for item in value):
        items = enumerate(value)
    else:
        return {prefix: value}
    return {key: leaf for name, item in items for key, leaf in flatten(item, f'{prefix}.{name}'.strip('.')).items()}


def changes(name):
    base, other = (flatten(load(stem).to_dict()) for stem in ('base', name))
    return {
        key: (base.get(key, GONE), other.get(key, GONE))
        for key in base.keys() | other.keys()
        if base.get(key, GONE) != other.get(key, GONE)
    }


def test_every_ablation_is_known():
    assert sorted([*CLAIMS, *PLACES]) == NAMES


@pytest.mark.parametrize('name', CLAIMS)
def test_an_ablation_changes_what_it_claims(name):
    assert changes(name) == CLAIMS[name]


@pytest.mark.parametrize('name', PLACES)
def test_an_ablation_changes_nothing_elsewhere(name):
    found = changes(name)
    assert found and all(key.startswith(PLACES[name]) for key in found)


def test_the_base_is_the_shipped_model_on_a_short_schedule():
    base, shipped = load('base'), Config.fromfile(CONFIGS / 'difftracker/difftracker-lite_cpu_mixture.py')
    assert base.model == shipped.model and base.optim_wrapper == shipped.optim_wrapper
    assert base.kinds == shipped.kinds and base.test_evaluator.score_threshold == base.score_threshold
    for pipeline in (
        base.test_dataloader.dataset.pipeline,
        *(s.pipeline for s in base.train_dataloader.dataset.datasets),
    ):
        assert [step.scale for step in pipeline if step.type == 'PairResize'] == [base.image_size]
    steps = base.max_epochs * base.train_dataloader.dataset.samples_per_epoch / base.train_dataloader.batch_size
    assert steps == 375 and base.train_cfg.max_epochs == base.max_epochs == base.param_scheduler[1].end


@pytest.mark.parametrize('name', [name for name in NAMES if not name.startswith('data_')])
def test_one_step_of_training(name):
    model = build_model(with_random_weights(load(name).model))
    model.init_weights()
    model.train()
    kinds = [type(stage).__name__ for stage in model.backbone.difference]
    if name in STAGES:
        assert ''.join(kind[0] for kind in kinds) == STAGES[name]
    samples = [
        make_sample(
            ((16, 8, 40, 24), (40, 40, 56, 60)), ('the red mug is gone', 'what came?'), answers=[[1, 0], [0, 0]]
        ),
        make_sample(((16, 8, 40, 24),)),
    ]
    data = model.data_preprocessor({'inputs': [make_pair(seed=0), make_pair(seed=1)], 'data_samples': samples}, True)
    with training_precision(model):
        losses = model(**data, mode='loss')
    sum(losses.values()).backward()
    without = [name for name, value in model.named_parameters() if value.requires_grad and value.grad is None]
    assert without == []
    assert all(value.grad.isfinite().all() for value in model.parameters() if value.grad is not None)


@pytest.mark.parametrize('name', SETS)
def test_training_sets(name, tmp_path):
    mixture = load(name).train_dataloader.dataset
    expected, counts = SETS[name]
    found = [(item.data_root, item.ann_file, item.get('min_changes', 0)) for item in mixture.datasets]
    assert found == [(f'data/{folder}', f'annotations/{file}.jsonl', least) for folder, file, least in expected]
    for item in mixture.datasets:
        item.data_root = str(tmp_path / item.data_root)
        write_set(tmp_path / item.data_root, [pair(number) for number in range(2)], item.ann_file[12:-6])
    mixture.pop('type')
    built = PairMixture(**mixture)
    assert built.counts == counts
    places = {which: place for place, (which, *_) in enumerate(built.plan())}
    for place in places.values():
        assert built[place]['inputs'].shape == (2, 3, 192, 192)
