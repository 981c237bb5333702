"""Windows out of large annotated pairs, so that small changes are trained on at the size that they have."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from difftracker.structures import Box, Change, PairRecord

ATTEMPTS = 20
# A change counts as in view from this visible share on, or where what is visible spans so much of the window: of a row
# of text that is wider than any window a part is a change like any other.
KEPT_SHARE = 0.5
KEPT_SPAN = 0.5
# Less than this is out of view. Between the two nobody could say whether it is there: such a window is drawn again.
LOST_SHARE = 0.03


class Window(NamedTuple):
    """A part of a pair, pixels of either image: columns `left` to `right`, rows `top` to `bottom`, ends excluded."""

    left: int
    top: int
    right: int
    bottom: int


class WindowCutter:
    """Draws windows and maps a pair's changes into them.

    Args:
        sizes: Smallest and largest side of a window in pixels; drawn uniformly in the logarithm.
        empty: Share of windows that are put anywhere, and so mostly show no change; the others hold at least one.
    """

    def __init__(self, sizes: tuple[int, int] = (240, 480), empty: float = 0.15) -> None:
        if not 0 < sizes[0] <= sizes[1]:
            raise ValueError(f'sizes: expected (low, high) with 0 < low <= high, found {sizes}')
        if not 0 <= empty <= 1:
            raise ValueError(f'empty: expected a share in [0, 1], found {empty}')
        self.sizes = sizes
        self.empty = empty

    def draw(self, record: PairRecord, rng: np.random.Generator) -> tuple[Window, PairRecord] | None:
        """Draws a window of a pair.

        Args:
            record: A pair of two images of one size.
            rng: Source of chance.

        Returns:
            The window and the record of what it shows, without sentences and under the pair's own id and paths; None
            where twenty draws gave no window in which it is clear what is in view.
        """
        anywhere = not record.changes or rng.random() < self.empty
        for _ in range(ATTEMPTS):
            window = self._place(record, rng, anywhere)
            changes = [self._clip_change(change, window) for change in record.changes]
            if 'unclear' in changes:
                continue
            seen = tuple(change for change in changes if isinstance(change, Change))
            if seen or anywhere:
                return window, self._cut(record, window, seen)
        return None

    def _place(self, record: PairRecord, rng: np.random.Generator, anywhere: bool) -> Window:
        side = math.exp(rng.uniform(math.log(self.sizes[0]), math.log(self.sizes[1])))
        size = [min(round(side), length) for length in record.after_size]
        box = None
        if not anywhere:
            change = record.changes[int(rng.integers(len(record.changes)))]
            box = change.after_box or change.before_box
        start = []
        for axis, (length, extent) in enumerate(zip(size, record.after_size, strict=True)):
            low, high = 0, extent - length
            if box is not None:
                # The change's middle may lie anywhere in the window.
                middle = (box[axis] + box[axis + 2]) / 2
                low, high = max(low, math.ceil(middle - length)), min(high, math.floor(middle))
            start.append(int(rng.integers(low, max(low, high) + 1)))
        return Window(start[0], start[1], start[0] + size[0], start[1] + size[1])

    @classmethod
    def _clip_change(cls, change: Change, window: Window) -> Change | str:
        """Returns the change in pixels of the window, `hidden`, or `unclear`."""
        known = [box for box in (change.before_box, change.after_box) if box is not None]
        states = {cls._state(box, window) for box in known}
        if states == {'hidden'}:
            return 'hidden'
        if states != {'seen'}:
            return 'unclear'
        before, after = (
            None if box is None else clip_box(box, window) for box in (change.before_box, change.after_box)
        )
        return replace(change, before_box=before, after_box=after)

    @staticmethod
    def _state(box: Box, window: Window) -> str:
        part = clip_box(box, window)
        width, height = max(0.0, part[2] - part[0]), max(0.0, part[3] - part[1])
        share = width * height / max((box[2] - box[0]) * (box[3] - box[1]), 1e-9)
        if share <= LOST_SHARE:
            return 'hidden'
        spans = max(width / (window.right - window.left), height / (window.bottom - window.top))
        return 'seen' if share >= KEPT_SHARE or spans >= KEPT_SPAN else 'unclear'

    @classmethod
    def _cut(cls, record: PairRecord, window: Window, changes: tuple[Change, ...]) -> PairRecord:
        size = (window.right - window.left, window.bottom - window.top)
        extra = {name: value for name, value in record.extra.items() if name != 'scene'}
        if 'scene' in record.extra:
            scene = record.extra['scene']
            context = [
                {**item, 'box': list(clip_box(item['box'], window))}
                for item in scene.get('context', ())
                if cls._state(item['box'], window) == 'seen'
            ]
            extra['scene'] = {**scene, 'context': context}
        extra |= {'cut_from': record.pair_id, 'window': list(window)}
        return replace(record, before_size=size, after_size=size, changes=changes, queries=(), extra=extra)


def clip_box(box: Box, window: Window) -> Box:
    """Returns the part of a box inside a window, in pixels of the window; without area where there is no such part."""
    left, right = (min(max(value, window.left), window.right) - window.left for value in (box[0], box[2]))
    top, bottom = (min(max(value, window.top), window.bottom) - window.top for value in (box[1], box[3]))
    return (left, top, right, bottom)
