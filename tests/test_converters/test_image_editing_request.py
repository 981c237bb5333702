"""Image-Editing-Request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from difftracker.converters.image_editing_request import ImageEditingRequest
from difftracker.errors import AnnotationError, ConfigError
from tests.test_converters.converted import asked, convert
from tests.test_converters.small_pictures import noise, painted, save

SENTENCES = ['paint the  box RED', 'Make the square red.', 'red!']


def write_requests(root: Path) -> Path:
    """Two pairs with a local edit and one without any."""
    image = noise(160, 120)
    for name, changed in {
        'Reddit.com_a_a.jpg': image,
        'Reddit.com_a_b.jpg': painted(image, (40, 30, 80, 70)),
        'Zhopped.com_c_c.png': image,
        'Zhopped.com_c_d.png': painted(painted(image, (10, 10, 40, 40)), (100, 70, 140, 110), (0, 0, 255)),
        'Zhopped.com_e_e.png': image,
        'Zhopped.com_e_f.png': image,
    }.items():
        save(root / 'images' / name, changed)
    entries = {
        'test': [('Reddit.com_a_a.jpg', 'Reddit.com_a_b.jpg', SENTENCES, 'Reddit_1')],
        'train': [
            ('Zhopped.com_c_c.png', 'Zhopped.com_c_d.png', ['add two squares'], 'Zhopped_2'),
            ('Zhopped.com_e_e.png', 'Zhopped.com_e_f.png', ['leave it'], 'Zhopped_3'),
        ],
    }
    for split, lines in entries.items():
        content = [dict(zip(('img0', 'img1', 'sents', 'uid'), line)) for line in lines]
        (root / f'{split}.json').write_text(json.dumps(content))
    return root


def overlap(first: tuple, second: tuple) -> float:
    """Intersection over union."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (first, second)]
    return 0.0 if min(width, height) <= 0 else width * height / (sum(areas) - width * height)


def test_it_refuses_without_the_flag(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='has no boxes; --pixel-boxes takes them'):
        ImageEditingRequest(write_requests(tmp_path / 'set'))


def test_regions_and_sentences(tmp_path: Path) -> None:
    converter = ImageEditingRequest(write_requests(tmp_path / 'set'), pixel_boxes=True)
    report, records = convert(converter, tmp_path / 'out')
    record = records['test']['ier-Reddit_1']
    (change,) = record.changes
    assert overlap(change.after_box, (40, 30, 80, 70)) > 0.85 and change.before_box == change.after_box
    assert change.extra == {'box_source': 'pixel-difference'}
    assert asked(record) == [(text, 'change', (0,)) for text in SENTENCES]
    record = records['train']['ier-Zhopped_2']
    assert len(record.changes) == 2 and asked(record) == [('add two squares', 'change', (0, 1))]
    assert report.left_out == {'no region differs between the images': 1}


def test_images_elsewhere_and_of_two_sizes(tmp_path: Path) -> None:
    root = write_requests(tmp_path / 'set')
    (root / 'images').rename(tmp_path / 'photographs')
    image = painted(noise(160, 120), (40, 30, 80, 70))
    save(tmp_path / 'photographs' / 'Reddit.com_a_b.jpg', image.repeat(2, axis=0).repeat(2, axis=1))
    converter = ImageEditingRequest(root, images=tmp_path / 'photographs', pixel_boxes=True)
    _, records = convert(converter, tmp_path / 'out', splits=['test'])
    record = records['test']['ier-Reddit_1']
    (change,) = record.changes
    assert (record.before_size, record.after_size) == ((160, 120), (320, 240))
    assert overlap(change.after_box, (80, 60, 160, 140)) > 0.8
    assert overlap(change.before_box, (40, 30, 80, 70)) > 0.8


def test_broken_input(tmp_path: Path) -> None:
    root = write_requests(tmp_path / 'set')
    entries = json.loads((root / 'train.json').read_text())
    entries[1]['sents'] = 'one text'
    (root / 'train.json').write_text(json.dumps(entries))
    (root / 'images' / 'Reddit.com_a_b.jpg').write_bytes(b'GIF89a')
    report, _ = convert(ImageEditingRequest(root, pixel_boxes=True), tmp_path / 'out')
    assert {pair_id for _, pair_id, _ in report.broken} == {'ier-Reddit_1', 'ier-Zhopped_3'}
    (root / 'test.json').write_text('{}')
    with pytest.raises(AnnotationError, match=r'test\.json: expected a list at the top'):
        ImageEditingRequest(root, pixel_boxes=True).items('test')
