"""The same work on many items, in several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')


def ordered_map(function: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result]:
    """Yields what a function returns for each item, in the order of the items.

    Args:
        function: Can be imported by its name, or is a `partial` of one that can.
        items: What it gets.
        workers: Processes; with 1 all happens in this one.
    """
    if workers == 1:
        yield from map(function, items)
        return
    # Forked processes may wait forever for threads of their parent (OpenCV's, for example).
    with multiprocessing.get_context('spawn').Pool(workers) as pool:
        yield from pool.imap(function, items, chunksize=8)
