"""Work in several processes."""

from __future__ import annotations

import os
from functools import partial

import pytest

from difftracker.utils.processes import ordered_map


def place(number, shift):
    if number < 0:
        raise ValueError(f'expected at least 0, found {number}')
    return number + shift, os.getpid()


@pytest.mark.parametrize('workers', [1, 2])
def test_order_and_processes(workers):
    found = list(ordered_map(partial(place, shift=5), range(40), workers))
    assert [number for number, _ in found] == list(range(5, 45))
    assert (os.getpid() in {process for _, process in found}) == (workers == 1)


@pytest.mark.parametrize('workers', [1, 2])
def test_an_error_reaches_the_caller(workers):
    with pytest.raises(ValueError, match='found -1'):
        list(ordered_map(partial(place, shift=5), [1, -1], workers))
