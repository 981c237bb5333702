"""The sample pairs that ship with the repository."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from difftracker.datasets.annotations import read_annotations
from difftracker.utils.image_io import read_image

DEMO = Path(__file__).parents[2] / 'demo'
RECORDS = read_annotations(DEMO / 'annotations.jsonl')


@pytest.mark.parametrize('record', RECORDS, ids=lambda record: record.pair_id)
def test_pictures_are_as_stated_and_small(record):
    for path, size in ((record.before, record.before_size), (record.after, record.after_size)):
        image = read_image(DEMO / path)
        assert image.shape[:2] == (size[1], size[0])
        assert max(size) <= 480 and (DEMO / path).stat().st_size <= 60_000
    assert record.license and record.source


@pytest.mark.parametrize('record', RECORDS, ids=lambda record: record.pair_id)
def test_something_differs_inside_every_box_of_a_change(record):
    before, after = read_image(DEMO / record.before).astype(int), read_image(DEMO / record.after).astype(int)
    for change in record.changes:
        for box in (change.before_box, change.after_box):
            x1, y1, x2, y2 = (round(value) for value in box)
            difference = np.abs(before[y1:y2, x1:x2] - after[y1:y2, x1:x2]).max(axis=2)
            assert np.percentile(difference, 90) > 25, (change.change_id, box)


def test_the_set_covers_what_it_should():
    kinds = {change.type for record in RECORDS for change in record.changes}
    assert {'appearance', 'replace', 'remove', 'add', 'move'} <= kinds
    assert sum(len(record.changes) >= 2 for record in RECORDS) >= 5
    assert any(not record.changes for record in RECORDS)
    assert all(any(not query.answers for query in record.queries) for record in RECORDS)


def test_every_pair_is_named_in_the_readme():
    text = (DEMO / 'README.md').read_text(encoding='utf-8')
    assert all(f'`{record.pair_id}`' in text for record in RECORDS)
