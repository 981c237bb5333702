"""RefCOCO and its like."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from difftracker.converters.refcoco import RefCoco
from difftracker.errors import AnnotationError, ConfigError
from difftracker.utils.image_io import read_image
from tests.test_converters.converted import asked, convert
from tests.test_converters.small_pictures import noise, painted, save

# Object -> box (x, y, width, height), category.
OBJECTS = {11: ([20, 30, 50, 60], 1), 12: ([180, 40, 60, 50], 3), 13: ([90, 150, 60, 40], 3), 14: ([2, 2, 6, 6], 1)}
REFERENCES = {
    11: ['WOMAN on the left', 'her'],
    12: ['the Car, right', 'car'],
    13: ['lower car', 'car'],
    14: ['tiny person'],
}
NAME = 'COCO_train2014_000000000009.jpg'


def reference(number: int, texts: list[str], split: str = 'val') -> dict:
    """A reference as `refs(unc).p` has them."""
    return {
        'ref_id': number,
        'ann_id': number,
        'category_id': OBJECTS[number][1],
        'image_id': 9,
        'split': split,
        'file_name': 'COCO_train2014_000000000009_1.jpg',
        'sent_ids': list(range(len(texts))),
        'sentences': [
            {'sent_id': place, 'raw': text, 'sent': text.lower().replace(',', ''), 'tokens': text.lower().split()}
            for place, text in enumerate(texts)
        ],
    }


def write_refcoco(root: Path, form: str = 'pickle') -> Path:
    """Folder of one set, in the layout of the set's own loader; returns it."""
    folder = root / 'refcoco'
    folder.mkdir(parents=True)
    image = noise(320, 240, 1)
    outlines = {}
    for seed, (number, ((x, y, width, height), _)) in enumerate(OBJECTS.items()):
        image = painted(image, (x, y, x + width, y + height), ((40 + 60 * seed) % 256, 200 - 50 * seed, 90))
        outlines[number] = [[x, y, x + width, y, x + width, y + height, x, y + height]]
    save(root / 'images' / 'mscoco' / 'images' / 'train2014' / NAME, image)
    instances = {
        'images': [{'id': 9, 'file_name': NAME, 'width': 320, 'height': 240}],
        'annotations': [
            {
                'id': number,
                'image_id': 9,
                'category_id': category,
                'bbox': box,
                'iscrowd': 0,
                'segmentation': outlines[number],
            }
            for number, (box, category) in OBJECTS.items()
        ],
        'categories': [{'id': 1, 'name': 'person'}, {'id': 3, 'name': 'car'}],
    }
    (folder / 'instances.json').write_text(json.dumps(instances))
    references = [reference(number, texts) for number, texts in REFERENCES.items()]
    if form == 'pickle':
        (folder / 'refs(unc).p').write_bytes(pickle.dumps(references, protocol=0))
    elif form == 'json':
        (folder / 'refs(unc).json').write_text(json.dumps(references))
    elif form == 'objects':
        lines = [json.dumps({**item, 'anns': []}) for item in references]
        (folder / 'refcoco_val.jsonl').write_text('\n'.join(lines))
    else:
        lines = []
        for number, texts in REFERENCES.items():
            x, y, width, height = OBJECTS[number][0]
            stated = {'image': f'data/coco/train2014/{NAME}', 'bbox': [x, y, x + width + 0.01, y + height]}
            lines += [json.dumps({**stated, 'sent': text, 'height': 240, 'width': 320}) for text in texts]
        (folder / 'refcoco_val.jsonl').write_text('\n'.join(lines))
    return folder


@pytest.mark.parametrize('form', ['pickle', 'json', 'objects', 'lines'])
def test_referred_objects_change(tmp_path: Path, form: str) -> None:
    report, records = convert(RefCoco(write_refcoco(tmp_path / 'data', form)), tmp_path / 'out')
    assert report.broken == []
    record = records['val']['val-000000000009']
    labels = {change.label for change in record.changes}
    assert labels == {'person', 'car'} and {change.type for change in record.changes} <= {'remove', 'appearance'}
    stated = {(x, y, x + width, y + height) for (x, y, width, height), _ in OBJECTS.values()}
    assert len(record.changes) == 3
    for change in record.changes:
        assert change.before_box in stated and change.after_box == change.before_box
    place = {change.change_id: change.before_box for change in record.changes}
    answers = {text: [place[answer] for answer in numbers] for text, _, numbers in asked(record)}
    # 'car' means two objects, and nobody could tell which; the tiny person is too small for an edit.
    assert answers == {
        'WOMAN on the left': [(20, 30, 70, 90)],
        'her': [(20, 30, 70, 90)],
        'the Car, right': [(180, 40, 240, 90)],
        'lower car': [(90, 150, 150, 190)],
        'tiny person': [],
    }
    for text, subset, numbers in asked(record):
        kinds = {change.type for change in record.changes if change.change_id in numbers}
        assert {subset} == (kinds or {'none'}), text


def test_pixels_change_where_the_boxes_are(tmp_path: Path) -> None:
    folder = write_refcoco(tmp_path / 'data')
    _, records = convert(RefCoco(folder), tmp_path / 'out')
    record = records['val']['val-000000000009']
    before, after = (read_image(tmp_path / 'out' / name).astype(int) for name in (record.before, record.after))
    original = tmp_path / 'data/images/mscoco/images/train2014' / NAME
    assert (tmp_path / 'out' / record.before).read_bytes() == original.read_bytes()
    difference = np.abs(before - after).max(axis=2)
    outside = np.ones(difference.shape, bool)
    for change in record.changes:
        x1, y1, x2, y2 = map(int, change.after_box)
        assert difference[y1:y2, x1:x2].mean() > 15
        # A filled hole reaches a few pixels beyond the object, for its shadow.
        outside[max(y1 - 16, 0) : y2 + 24, max(x1 - 16, 0) : x2 + 16] = False
    assert difference[outside].mean() < 3


def test_the_seed_decides(tmp_path: Path) -> None:
    folder = write_refcoco(tmp_path / 'data')
    made = []
    for place, seed in enumerate((4, 4, 5)):
        convert(RefCoco(folder, seed=seed), tmp_path / str(place))
        made.append((tmp_path / str(place) / 'images/edited/val-000000000009.jpg').read_bytes())
    assert made[0] == made[1] != made[2]


def test_what_must_be_named(tmp_path: Path) -> None:
    folder = write_refcoco(tmp_path / 'data')
    (folder / 'refs(google).p').write_bytes((folder / 'refs(unc).p').read_bytes())
    with pytest.raises(ConfigError, match=r'found refs\(google\)\.p, refs\(unc\)\.p; name it with --refs'):
        RefCoco(folder)
    assert RefCoco(folder, refs='refs(unc).p').source == 'refcoco, refs(unc).p'
    (tmp_path / 'data' / 'images').rename(tmp_path / 'elsewhere')
    with pytest.raises(ConfigError, match='name it with --images'):
        RefCoco(folder, refs='refs(unc).p')
    photographs = tmp_path / 'elsewhere/mscoco/images/train2014'
    _, records = convert(RefCoco(folder, images=photographs, refs='refs(unc).p'), tmp_path / 'out')
    assert records['val']['val-000000000009'].before == f'images/{NAME}'
    with pytest.raises(ConfigError, match='--seed'):
        RefCoco(folder, images=photographs, refs='refs(unc).p', seed=-1)


@pytest.mark.parametrize('fault', ['outline', 'size', 'turned', 'missing'])
def test_broken_photographs(tmp_path: Path, fault: str) -> None:
    folder = write_refcoco(tmp_path / 'data')
    photograph = tmp_path / 'data/images/mscoco/images/train2014' / NAME
    instances = json.loads((folder / 'instances.json').read_text())
    if fault == 'outline':
        instances['annotations'][1]['segmentation'] = {'counts': 'x'}
    elif fault == 'size':
        instances['annotations'][1]['segmentation'] = {'counts': [10, 10, 80], 'size': [10, 10]}
    elif fault == 'turned':
        save(photograph, noise(320, 240), 6)
    else:
        photograph.unlink()
    (folder / 'instances.json').write_text(json.dumps(instances))
    report, records = convert(RefCoco(folder), tmp_path / 'out')
    assert [pair_id for _, pair_id, _ in report.broken] == ['val-000000000009'] and records == {}


@pytest.mark.parametrize('outline', [[], [[250, 200, 260, 210]]])
def test_an_object_without_an_outline_leaves_the_others(tmp_path: Path, outline: list) -> None:
    """Nobody can tell whether an edit touched it, so its expressions do not say that it stayed either."""
    folder = write_refcoco(tmp_path / 'data')
    instances = json.loads((folder / 'instances.json').read_text())
    instances['annotations'][3]['segmentation'] = outline
    (folder / 'instances.json').write_text(json.dumps(instances))
    report, records = convert(RefCoco(folder), tmp_path / 'out')
    assert report.broken == []
    record = records['val']['val-000000000009']
    assert len(record.changes) == 3
    assert 'tiny person' not in {text for text, _, _ in asked(record)}


def test_broken_expressions(tmp_path: Path) -> None:
    folder = write_refcoco(tmp_path / 'data')
    (folder / 'refs(unc).p').write_bytes(pickle.dumps([{**reference(11, ['x']), 'ann_id': 99}]))
    with pytest.raises(AnnotationError, match='expected object 99 and image 9'):
        RefCoco(folder).splits()
    (folder / 'refs(unc).p').write_bytes(pickle.dumps({'refs': []}))
    with pytest.raises(AnnotationError, match='expected a list of references'):
        RefCoco(folder).splits()
    (folder / 'refs(unc).p').unlink()
    line = {'image': f'x/{NAME}', 'sent': 'a', 'bbox': [0, 0, 5, 5]}
    (folder / 'refcoco_testA.jsonl').write_text(json.dumps(line))
    with pytest.raises(AnnotationError, match=r'testA\.jsonl:1: expected the box of an object of image 9'):
        RefCoco(folder).splits()


def test_nothing_to_edit(tmp_path: Path) -> None:
    folder = write_refcoco(tmp_path / 'data')
    (folder / 'refs(unc).p').write_bytes(pickle.dumps([reference(14, ['tiny person'])]))
    report, records = convert(RefCoco(folder), tmp_path / 'out')
    assert report.left_out == {'no referred object can be edited': 1} and records == {}
