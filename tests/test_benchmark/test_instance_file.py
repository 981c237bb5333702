"""The COCO file: order does not matter, wrong files are told."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from difftracker.benchmark.definition import BenchmarkDefinition
from difftracker.benchmark.instance_file import InstanceFile, check_pictures, digest_pictures, part_content
from difftracker.errors import AnnotationError


def shuffle(data: dict) -> dict:
    """The same content in another order, with a field that nobody reads."""
    shuffled = {name: random.Random(5).sample(items, len(items)) for name, items in reversed(data.items())}
    shuffled['annotations'] = [dict(reversed(item.items()), caption='x') for item in shuffled['annotations']]
    return shuffled


def test_order_does_not_matter(pictures: Path, definition: BenchmarkDefinition, tmp_path: Path) -> None:
    other = tmp_path / 'shuffled.json'
    other.write_text(json.dumps(shuffle(json.loads((pictures / 'instances.json').read_text())), indent=3))
    digests = []
    for path in (pictures / 'instances.json', other):
        part = InstanceFile(path, definition, 'field').part('test')
        digests.append((part_content(part), digest_pictures(part, pictures)))
    assert digests[0] == digests[1]
    assert [image['id'] for image in part['images']] == [2, 5]
    assert {item['image_id'] for item in part['annotations']} == {2, 5}


def test_parts_share_no_picture(pictures: Path, definition: BenchmarkDefinition) -> None:
    instances = InstanceFile(pictures / 'instances.json', definition, 'field')
    ids = [image['id'] for part in ('train', 'val', 'test') for image in instances.part(part)['images']]
    assert sorted(ids) == list(range(6))


def test_changed_pictures_and_objects_change_the_digests(
    pictures: Path, definition: BenchmarkDefinition, tmp_path: Path
) -> None:
    part = InstanceFile(pictures / 'instances.json', definition, 'field').part('val')
    for image in part['images']:
        (tmp_path / image['file_name']).write_bytes((pictures / image['file_name']).read_bytes())
    assert digest_pictures(part, tmp_path) == digest_pictures(part, pictures)
    (tmp_path / part['images'][0]['file_name']).write_bytes(b'x')
    assert digest_pictures(part, tmp_path) != digest_pictures(part, pictures)
    before = part_content(part)
    part['annotations'][0]['bbox'][2] += 1
    assert part_content(part) != before


def test_a_pool_limits_a_part_by_hash(pictures: Path, definition: BenchmarkDefinition, tmp_path: Path) -> None:
    limited = BenchmarkDefinition(**{**vars(definition), 'pools': {'test': 1}})
    parts = [InstanceFile(pictures / 'instances.json', one, 'field').part('test') for one in (limited, definition)]
    kept = [image['id'] for image in parts[0]['images']]
    assert len(kept) == 1 and kept[0] in [image['id'] for image in parts[1]['images']]
    assert {item['image_id'] for item in parts[0]['annotations']} == set(kept)


def drop(name: str) -> Callable[[dict], object]:
    return lambda data: data.pop(name)


def put(name: str, **fields: object) -> Callable[[dict], object]:
    return lambda data: data[name][1].update(fields)


@pytest.mark.parametrize(
    ('breaker', 'named'),
    [
        (drop('categories'), 'list of categories'),
        (put('images', id='a'), r'images\[1\]: expected a field id'),
        (put('images', id=0), 'images with ids of their own'),
        (put('images', width=None), 'field width'),
        (put('annotations', category_id=99), 'category_id 99'),
        (put('annotations', bbox=[1, 2, 3]), r'annotations\[1\] \(id 1\): expected a box'),
        (put('annotations', segmentation=[[1, 2, 3]]), 'polygons or run lengths'),
        (put('annotations', segmentation={'size': [2, 2]}), 'polygons or run lengths'),
        (put('annotations', segmentation=None), 'field segmentation'),
    ],
)
def test_what_is_no_instances_file_is_told(
    breaker: Callable, named: str, pictures: Path, definition: BenchmarkDefinition, tmp_path: Path
) -> None:
    data = json.loads((pictures / 'instances.json').read_text())
    breaker(data)
    path = tmp_path / 'broken.json'
    path.write_text(json.dumps(data))
    with pytest.raises(AnnotationError, match=named) as error:
        InstanceFile(path, definition, 'field')
    assert str(path) in str(error.value)


@pytest.mark.parametrize('content', [None, b'', b'[]', b'\xff\xfe', b'{"images": "all"}'])
def test_other_files_are_told(content: bytes | None, definition: BenchmarkDefinition, tmp_path: Path) -> None:
    path = tmp_path / 'other.json'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AnnotationError, match='expected a COCO instances file'):
        InstanceFile(path, definition, 'hash')


def test_missing_pictures_are_listed(pictures: Path, definition: BenchmarkDefinition, tmp_path: Path) -> None:
    part = InstanceFile(pictures / 'instances.json', definition, 'field').part('test')
    with pytest.raises(AnnotationError, match=r'expected 2 pictures, found 2 .*000000000002\.bmp, 000000000005\.bmp'):
        check_pictures(part, tmp_path)
    with pytest.raises(AnnotationError, match='no folder of that name'):
        check_pictures(part, tmp_path / 'none')
