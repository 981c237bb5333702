"""Pictures of queries that one system answers rightly and another one wrongly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from difftracker.utils.files import read_jsonl
from difftracker.utils.image_io import write_image
from difftracker.visualization.answer_gallery import draw_judged
from difftracker.visualization.contact_sheet import contact_sheet

from .system_run import SystemRun


def draw_disagreements(data_root: Path, one: SystemRun, other: SystemRun, out_dir: Path, count: int) -> list[Path]:
    """Draws both answers to queries on which two systems part, one above the other.

    Args:
        data_root: Where the image paths start.
        one, other: The systems.
        out_dir: Where the pictures go: `first_right_00.jpg`, ..., `second_right_00.jpg`, ...
        count: Pictures of each sort; subsets take turns, and each pair comes at most once.

    Returns:
        The paths written.

    Raises:
        ImageReadError: A picture of the set cannot be read.
    """
    lines = [{(line['pair_id'], line['query_id']): line for _, line in read_jsonl(run.path)} for run in (one, other)]
    paths = []
    for name, first_right in (('first_right', True), ('second_right', False)):
        for number, place in enumerate(_choose(one, other, first_right, count)):
            pictures = []
            for run, table in zip((one, other), lines, strict=True):
                outcome = run.outcomes[place]
                record, query = outcome.record, outcome.query
                line = table.get((record.pair_id, query.query_id), {'boxes': [], 'scores': []})
                pictures.append(draw_judged(data_root, record, query, line, outcome, run.threshold, run.name))
            path = out_dir / f'{name}_{number:02d}.jpg'
            out_dir.mkdir(parents=True, exist_ok=True)
            write_image(path, contact_sheet(pictures, columns=1))
            paths.append(path)
    return paths


def _choose(one: SystemRun, other: SystemRun, first_right: bool, count: int) -> list[int]:
    """Returns places of outcomes, subsets in turn."""
    places = [
        place
        for place, (a, b) in enumerate(zip(one.outcomes, other.outcomes, strict=True))
        if a.error is not None and a.correct is first_right and b.correct is not first_right
    ]
    # In the order of the file neighbours are often alike.
    places = np.random.default_rng(0).permutation(places).tolist()
    subsets: dict[str, Iterator[int]] = {}
    for subset in sorted({one.outcomes[place].query.subset for place in places}):
        subsets[subset] = iter([place for place in places if one.outcomes[place].query.subset == subset])
    chosen: list[int] = []
    pairs: set[str] = set()
    while subsets and len(chosen) < count:
        for subset in list(subsets):
            place = next((place for place in subsets[subset] if one.outcomes[place].record.pair_id not in pairs), None)
            if place is None:
                del subsets[subset]
            elif len(chosen) < count:
                chosen.append(place)
                pairs.add(one.outcomes[place].record.pair_id)
    return chosen
