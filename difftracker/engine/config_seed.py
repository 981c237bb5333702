"""One seed for all that a training draws."""

from __future__ import annotations

# Seeds of data sets differ by a few within a config.
_STEP = 1000


def set_seed(config: dict, seed: int) -> None:
    """Changes all seeds of a training config, so that two seeds are two runs.

    The seed stands in several places: initial weights and what the model draws follow from those of the runner and of
    `EpochSeedHook`, pairs, sentences and augmentation from those of the data sets.

    Args:
        config: A config, changed in place.
        seed: The seed. Data sets inside a mixture keep seeds of their own, shifted by 1000 times so much.
    """
    config['seed'] = seed
    config.setdefault('randomness', {})['seed'] = seed
    for hook in config.get('custom_hooks', []):
        if hook['type'] == 'EpochSeedHook':
            hook['seed'] = seed
    _seed_data(config['train_dataloader']['dataset'], seed, outermost=True)


def _seed_data(dataset: dict, seed: int, outermost: bool) -> None:
    if outermost and 'datasets' in dataset:
        dataset['seed'] = seed
    else:
        dataset['seed'] = dataset.get('seed', 0) + _STEP * seed
    for inner in dataset.get('datasets', []):
        _seed_data(inner, seed, outermost=False)
