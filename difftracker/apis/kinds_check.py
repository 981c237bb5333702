"""The kinds of change of a model and of its data are one list."""

from __future__ import annotations

from collections.abc import Iterator

from difftracker.errors import ConfigError


def check_kinds(config: dict) -> None:
    """Compares the kinds of the head with those of every data set of a config.

    The head counts kinds, the data set names them: with two lists a kind would be called by another one's name, or have
    none.

    Args:
        config: A config with `model`, and any of `train_dataloader`, `val_dataloader` and `test_dataloader`.

    Raises:
        ConfigError: A data set has other kinds, or has them in another order.
    """
    known = list(config['model']['head']['kinds'])
    for part in ('train', 'val', 'test'):
        loader = config.get(f'{part}_dataloader')
        for dataset in _datasets(loader['dataset']) if loader else ():
            if 'kinds' in dataset and list(dataset['kinds']) != known:
                raise ConfigError(
                    f'kinds of {part}_dataloader ({dataset.get("data_root", "")}): expected those of model.head, '
                    f'{known}, found {list(dataset["kinds"])}'
                )


def _datasets(dataset: dict) -> Iterator[dict]:
    yield dataset
    for inner in [*dataset.get('datasets', []), *([dataset['dataset']] if 'dataset' in dataset else [])]:
        yield from _datasets(inner)
