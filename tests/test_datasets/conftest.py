"""A small made-up data set."""

from __future__ import annotations

import pytest

from tests.test_datasets.pair_set_factory import pair, write_set


@pytest.fixture()
def data_set(tmp_path):
    """Annotation file of three pairs with pictures; the data root is `parent.parent`."""
    return write_set(tmp_path, [pair(number) for number in range(3)])
