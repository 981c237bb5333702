"""Annotated pairs, smaller."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from difftracker.datasets.annotations import parse_record
from difftracker.errors import AnnotationError, ConfigError
from difftracker.packing.pair_packer import pack_pairs
from difftracker.packing.picture_store import PictureStore
from difftracker.synthesis.scene_record import scene_of
from difftracker.utils.image_io import decode_image
from tests.test_datasets.pair_set_factory import change, pair, write_set


@pytest.fixture()
def annotated(tmp_path):
    scene = {'domain': 'photo', 'context': [{'label': 'cup', 'box': [20, 10, 60, 30], 'colour': 'red'}]}
    items = [
        pair(0, [change(0, 'remove', (10, 20, 50, 60), None)], [], (160, 120), scene=scene),
        pair(1, [], [], (60, 160)),
        pair(2, size=(40, 30)),
    ]
    return write_set(tmp_path, items), tmp_path


def test_boxes_shrink_with_their_pictures(annotated):
    path, root = annotated
    store = PictureStore()
    lines = pack_pairs(store, path, root, 'val', 80, 90).splitlines()
    first, second, third = (parse_record(json.loads(line), 'packed') for line in lines)
    assert first.before_size == first.after_size == (80, 60)
    assert first.changes[0].before_box == (5, 10, 25, 30) and first.changes[0].after_box is None
    assert scene_of(first).context[0].box == (10, 5, 30, 15)
    assert second.before_size == (30, 80)
    assert third.before_size == (40, 30) and third.changes[0].before_box == (4, 4, 12, 14)
    assert third.queries[0].text == 'What left the left side?'
    for record in (first, second, third):
        shape = decode_image(store.files[f'val/{record.before}'], 'packed').shape
        assert shape[1::-1] == record.before_size


def test_the_first_few_and_without_loss(annotated):
    """A drawn picture is smaller without loss, noise is not."""
    path, root = annotated
    drawn = np.full((120, 160, 3), 240, np.uint8)
    drawn[20:60:2, 30:90] = (10, 90, 200)
    Image.fromarray(drawn).save(root / 'images/0_a.png')
    store = PictureStore()
    lines = pack_pairs(store, path, root, 'screens', None, 85, exact_if_smaller=True, count=1).splitlines()
    assert len(lines) == 1 and set(store.files) == {'screens/images/0_a.webp', 'screens/images/0_b.webp'}
    np.testing.assert_array_equal(decode_image(store.files['screens/images/0_a.webp'], 'packed'), drawn)
    with Image.open(root / 'images/0_b.png') as image:
        noise = np.asarray(image)
    kept = decode_image(store.files['screens/images/0_b.webp'], 'packed')
    assert kept.shape == noise.shape and (kept != noise).any()


def test_a_fault_names_its_line(annotated):
    path, root = annotated
    path.write_text(path.read_text() + '{"pair_id": "p9"}\n')
    with pytest.raises(AnnotationError, match=r'train\.jsonl:4: '):
        pack_pairs(PictureStore(), path, root, 'val', 80, 90)


def test_two_pictures_of_one_name_are_refused(tmp_path):
    """`1.jpg` and `1.png` would both be `1.webp`; the same picture by another path is no other picture."""
    (tmp_path / 'images').mkdir()
    for name, grey in (('1.jpg', 40), ('1.png', 200)):
        Image.fromarray(np.full((30, 40, 3), grey, np.uint8)).save(tmp_path / 'images' / name)
    store = PictureStore()
    first = store.add(tmp_path / 'images/1.jpg', 'val/images/1.webp', 80, 90)
    assert store.add(tmp_path / 'images/../images/1.jpg', 'val/images/1.webp', 80, 90) == first
    record = {**pair(0, [], []), 'before': 'images/1.jpg', 'after': 'images/1.png'}
    path = write_set(tmp_path, [record], pictures=False)
    with pytest.raises(ConfigError, match=r'1\.png: expected a name of its own in the pack, found .*1\.webp .*1\.jpg'):
        pack_pairs(store, path, tmp_path, 'val', 80, 90)
    with pytest.raises(ConfigError, match=r'1\.png: expected a name of its own'):
        store.add_cutout(tmp_path / 'images/1.png', 'val/images/1.webp', 80, 90)
