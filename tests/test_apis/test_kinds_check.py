"""Kinds of a model and of its data sets, in configs as mmengine reads them."""

from __future__ import annotations

import pytest
from mmengine.config import ConfigDict

from difftracker.apis.kinds_check import check_kinds
from difftracker.errors import ConfigError

KINDS = ('add', 'remove')


def config_of(train=KINDS, test=KINDS):
    mixture = {'datasets': [{'kinds': KINDS}, {'dataset': {'kinds': train, 'data_root': 'data/mine'}}]}
    return ConfigDict(
        model={'head': {'kinds': list(KINDS)}},
        train_dataloader={'dataset': mixture},
        val_dataloader=None,
        test_dataloader={'dataset': {'kinds': test}},
    )


def test_one_list():
    check_kinds(config_of())


@pytest.mark.parametrize('kinds', [('remove', 'add'), ('add',), ('add', 'remove', 'move')])
def test_two_lists(kinds):
    with pytest.raises(
        ConfigError, match=r"kinds of train_dataloader \(data/mine\): expected .*'add', 'remove'\], found"
    ):
        check_kinds(config_of(train=kinds))
    with pytest.raises(ConfigError, match='kinds of test_dataloader'):
        check_kinds(config_of(test=kinds))
