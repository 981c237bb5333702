"""Spot-the-Diff."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from difftracker.converters.spot_the_diff import SpotTheDiff, says_nothing_changed
from difftracker.errors import AnnotationError
from tests.test_converters.converted import asked, boxes, convert
from tests.test_converters.small_pictures import mask, noise, painted, save

# Pair -> regions of its difference image.
REGIONS = {
    '42': [(30, 30, 50, 50)],
    '76': [],
    '99': [(10, 10, 30, 30), (100, 100, 120, 120)],
    '212': [(40, 40, 45, 60), (57, 40, 62, 60)],
    '300': [],
}
ANNOTATIONS = {
    'train': [
        {'img_id': '42', 'sentences': ['the  man is gone', 'someone left']},
        {'img_id': '76', 'sentences': ['there are no differences']},
        {'img_id': '99', 'sentences': ['a car is gone', 'a bus came']},
        {'img_id': '42', 'sentences': ['someone left', 'no noticeable differences']},
    ],
    'test': [
        {'img_id': '212', 'sentences': ['the dog moved']},
        {'img_id': '300', 'sentences': ['a bird came']},
    ],
}


def write_spot_the_diff(root: Path, inverted: bool = False) -> Path:
    """The folder `data` of the repository; difference images are dark on white, or bright on black."""
    for name, regions in REGIONS.items():
        image = noise(224, 224, int(name))
        changed = image
        for region in regions:
            changed = painted(changed, region, (250, 10, 10))
        marked = mask(224, 224, *regions, (200, 200, 202, 202))
        save(root / 'resized_images' / f'{name}.png', image)
        save(root / 'resized_images' / f'{name}_2.png', changed)
        shown = marked if inverted else 255 - marked
        save(root / 'resized_images' / f'{name}_diff.jpg', np.dstack([shown] * 3))
    (root / 'annotations').mkdir()
    for split, entries in ANNOTATIONS.items():
        (root / 'annotations' / f'{split}.json').write_text(json.dumps(entries))
    return root


@pytest.mark.parametrize('inverted', [False, True])
def test_regions_and_the_sentences_that_mean_them(tmp_path: Path, inverted: bool) -> None:
    report, records = convert(SpotTheDiff(write_spot_the_diff(tmp_path / 'set', inverted)), tmp_path / 'out')
    one = records['train']['spot-the-diff-42']
    assert boxes(one.changes) == [('change', (30, 30, 50, 50), (30, 30, 50, 50))]
    assert one.changes[0].extra == {'box_source': 'published-difference'}
    assert asked(one) == [('the  man is gone', 'change', (0,)), ('someone left', 'change', (0,))]
    assert one.extra['captions'] == [entry['sentences'] for entry in ANNOTATIONS['train'] if entry['img_id'] == '42']
    none = records['train']['spot-the-diff-76']
    assert none.changes == () and asked(none) == [('there are no differences', 'none', ())]
    # Nobody says which sentence means which of two regions.
    two = records['train']['spot-the-diff-99']
    assert len(two.changes) == 2 and asked(two) == []
    assert two.extra['captions'] == [['a car is gone', 'a bus came']]
    # Twelve columns apart: one cluster for the authors' radius of twenty.
    assert boxes(records['test']['spot-the-diff-212'].changes) == [('change', (40, 40, 62, 60), (40, 40, 62, 60))]
    assert report.left_out == {'people saw a difference, and no region differs': 1}


def test_own_difference(tmp_path: Path) -> None:
    root = write_spot_the_diff(tmp_path / 'set')
    for path in root.rglob('*_diff.jpg'):
        path.unlink()
    report, _ = convert(SpotTheDiff(root), tmp_path / 'none')
    assert len(report.broken) == 5 and 'expected a mask, found no such file' in report.broken[0][2]
    _, records = convert(SpotTheDiff(root, pixel_boxes=True), tmp_path / 'out')
    (change,) = records['train']['spot-the-diff-42'].changes
    assert change.extra == {'box_source': 'pixel-difference'}
    assert np.abs(np.subtract(change.after_box, (30, 30, 50, 50))).max() < 4


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('there are no differences', True),
        ('i can t find any differences', True),
        ('both images are identical', True),
        ('Same picture', True),
        ('nothing has changed', True),
        ('no different', True),
        ('there is no longer a man', False),
        ('the man is not there', False),
        ('there are no differences except for a tiny gap of light', False),
        ('a different car', False),
        ('the red car is no longer there a different car is', False),
        ('they have the same number of cars', False),
        ('the man in a red t shirt changed position', False),
        ('the same car is turning', False),
        ('the images appear to be the same', True),
        ('the image on the right remains the same aside from traffic moving', False),
    ],
)
def test_sentences_that_deny(text: str, expected: bool) -> None:
    assert says_nothing_changed(text) is expected


def test_broken_input(tmp_path: Path) -> None:
    root = write_spot_the_diff(tmp_path / 'set')
    (root / 'annotations' / 'test.json').write_text('[{"img_id": 5, "sentences": []}]')
    with pytest.raises(AnnotationError, match=r"test\.json: entry 0: 'img_id': expected text"):
        SpotTheDiff(root).items('test')
    (root / 'annotations' / 'test.json').write_text('[{"img_id": "../../x", "sentences": ["a"]}]')
    report, _ = convert(SpotTheDiff(root), tmp_path / 'out', splits=['test'])
    assert 'expected a path inside the data set' in report.broken[0][2]
