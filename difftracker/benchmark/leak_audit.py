"""Can the changes of a set be told from the after image alone, by traces of editing? An audit without any training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata

from difftracker.benchmark.region_statistics import STATISTICS, RegionStatistics
from difftracker.errors import ConfigError
from difftracker.structures import PairRecord
from difftracker.synthesis.raster import Window, window_overlap
from difftracker.utils.image_io import read_image

# What changed regions are compared with, beside decoys: objects that nobody edited, and places without any edit.
OBJECT, PLACE = 'object', 'place'
ALL, PUT_IN = ('add', 'replace', 'move', 'appearance', 'remove'), ('add', 'replace', 'move')
PASTED, FILLED = ('pasted', 're-pasted'), ('filled',)
COMPARISONS = {
    'all changes / decoys': (ALL, (*PASTED, *FILLED)),
    'put in / pasted decoys': (PUT_IN, PASTED),
    'taken out / filled decoys': (('remove',), FILLED),
    'all changes / unedited objects': (ALL, (OBJECT,)),
    'put in / unedited objects': (PUT_IN, (OBJECT,)),
    'appearance / unedited objects': (('appearance',), (OBJECT,)),
    'all changes / unedited places': (ALL, (PLACE,)),
    'taken out / unedited places': (('remove',), (PLACE,)),
}
# A region needs a size to be measured, and surroundings to be compared with.
SMALLEST_SIDE, LARGEST_SHARE = 8, 0.5
PLACES_TRIED = 40
MAX_OVERLAP = 0.1
RESAMPLES = 200


@dataclass(frozen=True)
class Region:
    """A place in an after image.

    Attributes:
        pair: Position of the pair in the file.
        kind: Kind of change or decoy, `object` or `place`.
        values: `(6,)` its statistics.
    """

    pair: int
    kind: str
    values: np.ndarray


def audit(
    records: Sequence[PairRecord],
    data_root: str | Path,
    seed: int = 0,
    progress: Callable[[Sequence[Any]], Iterable[Any]] = iter,
) -> dict:
    """Compares changed regions with decoys, with unedited objects, and with unedited places of the same sizes.

    Args:
        records: The pairs, with the extra field `decoys` that the benchmark's builder writes.
        data_root: Folder that the image paths start from.
        seed: Draws the unedited places and the resamples.
        progress: Wraps the list of pairs, to show progress.

    Returns:
        Plain data: `pairs`, `regions` (number by kind), `comparisons`: for each the two numbers of regions and, per
        statistic, `auc` (0.5: the statistic tells nothing; None where a side is empty) with its 95 % interval
        `[low, high]` over resampled pairs.

    Raises:
        ConfigError: No pair has the field `decoys`.
        ImageReadError: An image cannot be read.
    """
    if not any('decoys' in record.extra for record in records):
        raise ConfigError('expected pairs with an extra field decoys, as the benchmark has, found none')
    rng = np.random.default_rng(seed)
    regions: list[Region] = []
    for position, record in enumerate(progress(records)):
        regions += _measure(position, record, data_root, rng)
    kinds = sorted({region.kind for region in regions})
    return {
        'pairs': len(records),
        'regions': {kind: sum(region.kind == kind for region in regions) for kind in kinds},
        'comparisons': {name: _compare(regions, changed, other, rng) for name, (changed, other) in COMPARISONS.items()},
    }


def _measure(position: int, record: PairRecord, data_root: str | Path, rng: np.random.Generator) -> list[Region]:
    """Measures the regions of one after image."""
    width, height = record.after_size
    told = [(change.type, change.after_box) for change in record.changes]
    told += [(item['kind'], item['after_box']) for item in record.extra.get('decoys', ()) if item['image'] != 'before']
    edited = [(kind, _to_window(box, width, height)) for kind, box in told if box is not None]
    places = [window for _, window in edited]
    others = [_to_window(item['box'], width, height) for item in record.extra.get('scene', {}).get('context', ())]
    # Pasted decoys are objects of the scene too; what lies on an edit is no object that nobody edited.
    unedited = [(OBJECT, window) for window in others if _is_clear(window, places)]
    for kind, window in edited:
        free = _free_place(window, places, width, height, rng) if kind in ALL else None
        if free is not None:
            unedited.append((PLACE, free))
    usable = [item for item in (*edited, *unedited) if _is_measurable(item[1], width, height)]
    if not usable:
        return []
    statistics = RegionStatistics(read_image(Path(data_root) / record.after))
    return [Region(position, kind, statistics.measure(window)) for kind, window in usable]


def _to_window(box: Sequence[float], width: int, height: int) -> Window:
    x1, y1, x2, y2 = (round(value) for value in box)
    return (max(x1, 0), max(y1, 0), min(x2, width), min(y2, height))


def _is_measurable(window: Window, width: int, height: int) -> bool:
    sides = (window[2] - window[0], window[3] - window[1])
    return min(sides) >= SMALLEST_SIDE and sides[0] * sides[1] <= LARGEST_SHARE * width * height


def _free_place(
    window: Window, places: list[Window], width: int, height: int, rng: np.random.Generator
) -> Window | None:
    """Draws a place of the same size that overlaps no edited one; None where there is none."""
    own_w, own_h = window[2] - window[0], window[3] - window[1]
    for _ in range(PLACES_TRIED):
        x, y = int(rng.integers(width - own_w + 1)), int(rng.integers(height - own_h + 1))
        place = (x, y, x + own_w, y + own_h)
        if _is_clear(place, places):
            return place
    return None


def _is_clear(window: Window, places: list[Window]) -> bool:
    return all(window_overlap(window, other) <= MAX_OVERLAP for other in places)


def _compare(regions: list[Region], changed: tuple[str, ...], other: tuple[str, ...], rng: np.random.Generator) -> dict:
    """Returns the areas under the curve of one comparison."""
    kept = [region for region in regions if region.kind in changed or region.kind in other]
    positive = np.array([region.kind in changed for region in kept], bool)
    pairs = np.array([region.pair for region in kept], int)
    values = np.array([region.values for region in kept]).reshape(-1, len(STATISTICS))
    counts = {'changed': int(positive.sum()), 'other': int((~positive).sum())}
    if not all(counts.values()):
        return {**counts, **{name: {'auc': None, 'interval': None} for name in STATISTICS}}
    areas = area_under_curve(values, positive)
    drawn = np.array(list(_resampled(values, positive, pairs, rng)))
    low, high = np.nanpercentile(drawn, (2.5, 97.5), axis=0)
    told = {
        name: {'auc': round(float(areas[i]), 4), 'interval': [round(float(low[i]), 4), round(float(high[i]), 4)]}
        for i, name in enumerate(STATISTICS)
    }
    return {**counts, **told}


def _resampled(
    values: np.ndarray, positive: np.ndarray, pairs: np.ndarray, rng: np.random.Generator
) -> Iterable[np.ndarray]:
    """Draws whole pairs with replacement: regions of one image are no independent samples."""
    names = np.unique(pairs)
    members = [np.flatnonzero(pairs == name) for name in names]
    for _ in range(RESAMPLES):
        chosen = np.concatenate([members[place] for place in rng.integers(len(names), size=len(names))])
        yield area_under_curve(values[chosen], positive[chosen])


def area_under_curve(values: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Returns for each statistic the chance that a positive's value is above a negative's, ties counting half.

    Args:
        values: `(N, S)`.
        positive: `(N,)` bool.

    Returns:
        `(S,)`; NaN where one side is empty.
    """
    count, rest = int(positive.sum()), int((~positive).sum())
    if not count or not rest:
        return np.full(values.shape[1], np.nan)
    ranks = rankdata(values, axis=0)[positive].sum(axis=0)
    return (ranks - count * (count + 1) / 2) / (count * rest)
