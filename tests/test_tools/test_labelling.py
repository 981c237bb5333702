"""Objects that a detector found, before and after they get outlines."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from difftracker.synthesis.sources.coco_instance_source import CocoInstanceSource
from difftracker.utils.image_io import write_image
from tools.dataset import outline_boxes
from tools.labelling import detect_objects
from tools.labelling.detect_objects import thin_out
from tools.labelling.found_objects import FoundObject, believed, objects_of, windows_of


def raw(windows, *found):
    """Returns scores and boxes of a detector that sees `(window, category, score, box in px of the picture)`."""
    scores, boxes = np.zeros((len(windows), len(found), 90)), np.zeros((len(windows), len(found), 4))
    for index, (window, category, score, (x1, y1, x2, y2)) in enumerate(found):
        x, y, across, down = windows[window]
        scores[window, index, category - 1] = score
        boxes[window, index] = (y1 - y) / down, (x1 - x) / across, (y2 - y) / down, (x2 - x) / across
    return scores, boxes


class TestFoundObjects:
    windows = windows_of(400, 300)

    def found(self, *objects):
        return [(item.category, item.box) for item in objects_of(*raw(self.windows, *objects), self.windows, 0.4)]

    def test_windows_lie_in_the_picture(self):
        assert self.windows[0] == (0, 0, 400, 300)
        assert (160, 120, 240, 180) in self.windows
        assert all(x + across <= 400 and y + down <= 300 for x, y, across, down in self.windows)

    def test_a_box_in_px_of_the_picture(self):
        ((category, box),) = self.found((4, 17, 0.8, (200, 150, 260, 220)))
        assert category == 17
        assert box == pytest.approx((200, 150, 260, 220))

    def test_the_surest_of_one_place_stays(self):
        twice = ((0, 17, 0.6, (200, 150, 260, 220)), (4, 18, 0.8, (202, 150, 262, 220)))
        assert [category for category, _ in self.found(*twice)] == [18]
        apart = ((0, 17, 0.6, (20, 150, 60, 220)), (4, 18, 0.8, (202, 150, 262, 220)))
        assert [category for category, _ in self.found(*apart)] == [18, 17]

    def test_what_a_window_cuts_is_left_to_another_one(self):
        # The first corner ends at x 240, y 180.
        assert not self.found((1, 17, 0.8, (200, 100, 240, 160)))
        assert self.found((1, 17, 0.8, (0, 100, 40, 160)))
        assert self.found((0, 17, 0.8, (360, 100, 400, 160)))

    def test_unsure_ones_are_left_out(self):
        assert not self.found((0, 17, 0.3, (200, 150, 260, 220)))


def test_what_is_everywhere_is_thinned_out():
    person, dog = (FoundObject(category, 0.9, (0, 0, 50, 50)) for category in (1, 18))
    rng = np.random.default_rng(0)
    assert thin_out([person, dog, person], 1, rng) == [dog, person]
    alone = [len(thin_out([person] * 3, 1, rng)) for _ in range(200)]
    assert set(alone) == {0, 2}
    assert 70 < alone.count(2) < 130


def arguments(tmp_path):
    files = [f'--categories={tmp_path / "categories.json"}', f'--out={tmp_path / "found.json"}']
    return [str(tmp_path / 'index.csv'), f'--root={tmp_path}', '--split=train', f'--detector={tmp_path}', *files]


class TestBelieved:
    """In pictures of 100 by 100 px that show a dog (18)."""

    person, cat, dog, vase = (FoundObject(category, score, (0, 0, 50, 50)) for category, score in
                              ((1, 0.9), (17, 0.7), (18, 0.35), (86, 0.5)))  # fmt: skip

    def names(self, *found, label=18):
        return [item.category for item in believed(list(found), label, 1, 10000)]

    def test_the_label_vouches_for_what_bears_it(self):
        assert self.names(self.person, self.cat, self.dog, self.vase) == [18, 1, 17]

    def test_what_else_is_large_is_the_thing(self):
        assert self.names(self.person, self.cat, self.vase) == [18, 1]
        assert self.names(self.person, self.vase) == [18, 1]

    def test_what_is_small_or_common_is_not(self):
        small = FoundObject(17, 0.7, (0, 0, 20, 20))
        assert self.names(self.person, small) == [1]
        assert self.names(self.cat, label=1) == []


@pytest.mark.parametrize(
    ('index', 'categories', 'named', 'found'),
    [
        (None, '{}', 'index.csv', 'FileNotFoundError'),
        ('picture,part', '{}', 'index.csv', "KeyError('split')"),
        ('file,split', '{}', 'categories.json', "KeyError('categories')"),
        ('file,split,label', '{"categories": [{"id": 18, "name": "dog"}]}', 'index.csv', "['camel']"),
    ],
)
def test_a_wrong_file_is_named_before_anything_is_found(tmp_path, capsys, index, categories, named, found):
    if index is not None:
        (tmp_path / 'index.csv').write_text(f'{index}\na.jpg,train,camel\n')
    (tmp_path / 'categories.json').write_text(categories)
    assert detect_objects.main(arguments(tmp_path)) == 1
    assert not (tmp_path / 'found.json').exists()
    message = capsys.readouterr().err
    assert str(tmp_path / named) in message
    assert found in message


@pytest.fixture
def boxed(tmp_path):
    """A picture of a disc and of nothing, both boxed."""
    picture = np.full((160, 240, 3), (60, 120, 70), np.uint8)
    cv2.circle(picture, (60, 80), 30, (170, 60, 50), cv2.FILLED)
    noise = np.random.default_rng(0).normal(0, 6, picture.shape)
    write_image(tmp_path / 'a.png', np.clip(picture + noise, 0, 255).astype(np.uint8))
    write_image(tmp_path / 'b.png', picture[:, 120:])
    boxes = [(1, [30, 50, 61, 61]), (1, [150, 40, 60, 70]), (2, [20, 20, 60, 60])]
    data = {
        'images': [
            {'id': 1, 'file_name': 'a.png', 'width': 240, 'height': 160},
            {'id': 2, 'file_name': 'b.png', 'width': 120, 'height': 160},
        ],
        'annotations': [
            {'id': index, 'image_id': image, 'category_id': 7, 'iscrowd': 0, 'bbox': box, 'score': 0.5}
            for index, (image, box) in enumerate(boxes)
        ],
        'categories': [{'id': 7, 'name': 'ball'}],
    }
    file = tmp_path / 'found.json'
    file.write_text(json.dumps(data))
    return file


def outline(file, *options):
    out = file.with_name('out.json')
    return outline_boxes.main([str(file), '--images', str(file.parent), '--out', str(out), *options]), out


def test_objects_without_an_outline_are_left_out_and_their_pictures_too(boxed):
    code, out = outline(boxed, '--workers', '2')
    assert code == 0
    data = json.loads(out.read_text())
    assert [item['id'] for item in data['annotations']] == [0]
    assert [image['id'] for image in data['images']] == [1]
    assert data['annotations'][0]['bbox'] == pytest.approx([30, 50, 61, 61], abs=2)


def test_kept_boxes_are_repainted_and_not_cut_out(boxed):
    code, out = outline(boxed, '--keep-boxes')
    assert code == 0
    source = CocoInstanceSource(out, boxed.parent)
    objects = [instance for position in range(len(source)) for instance in source.picture(position).instances]
    assert [instance.label for instance in objects] == ['ball'] * 3
    assert [instance.whole for instance in objects] == [True, False, False]


@pytest.mark.parametrize(
    ('text', 'found'), [('{}', "KeyError('images')"), ('[', 'JSONDecodeError'), (None, 'FileNotFoundError')]
)
def test_no_coco_file(tmp_path, capsys, text, found):
    file = tmp_path / 'found.json'
    if text is not None:
        file.write_text(text)
    code, out = outline(file)
    assert code == 1
    assert not out.exists()
    message = capsys.readouterr().err
    assert str(file) in message
    assert found in message
