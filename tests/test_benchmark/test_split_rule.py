"""Which part a picture belongs to: fixed for ever, decided by the picture alone."""

from __future__ import annotations

import pytest

from difftracker.benchmark.split_rule import assign_parts, evaluation_side, picture_share
from difftracker.errors import ConfigError

SHARE = 0.8


def entries(count: int, **fields: str) -> list[dict]:
    return [{'id': number, **fields} for number in range(count)]


def test_shares_are_first_bytes_of_sha256() -> None:
    # printf 'diffground-open:side:139' | sha256sum
    assert picture_share(139, 'side') == int('7bee4808972865a9', 16) / 2**64
    assert picture_share(285, 'train') == int('1916ceb0112d529e', 16) / 2**64
    assert [evaluation_side(number) for number in (139, 285, 632, 724)] == ['val', 'test', 'test', 'val']


def test_rule_hash_gives_the_shares_asked_for() -> None:
    parts = list(assign_parts(entries(20000), 'hash', SHARE).values())
    assert parts.count('train') / 20000 == pytest.approx(SHARE, abs=0.01)
    assert parts.count('val') / parts.count('test') == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize('rule', ['hash', 'release', 'field'])
def test_a_subset_has_a_subset_of_the_same_split(rule: str) -> None:
    images = entries(600, coco_url='http://images.cocodataset.org/val2017/1.jpg', split='val')
    whole = assign_parts(images, rule, SHARE)
    some = assign_parts(images[17:400:3], rule, SHARE)
    assert some == {image_id: whole[image_id] for image_id in some}
    assert {part for part in whole.values() if part != 'train'} == {'val', 'test'}
    # Whatever keeps a picture for evaluation, it falls on the same side.
    assert all(part in ('train', evaluation_side(image_id)) for image_id, part in whole.items())


def test_rule_release_goes_by_the_address() -> None:
    images = [
        {'id': 285, 'coco_url': 'http://images.cocodataset.org/train2017/000000000285.jpg'},
        {'id': 632, 'coco_url': 'http://images.cocodataset.org/val2017/000000000632.jpg'},
    ]
    assert assign_parts(images, 'release', SHARE) == {285: 'train', 632: 'test'}


def test_rule_field_keeps_a_test_split_as_it_is() -> None:
    images = [{'id': 139, 'split': 'test'}, {'id': 285, 'split': 'val'}, {'id': 632, 'split': 'train'}]
    assert assign_parts(images, 'field', SHARE) == {139: 'test', 285: 'val', 632: 'train'}
    without = [image for image in images if image['split'] != 'test']
    assert assign_parts(without, 'field', SHARE) == {285: 'test', 632: 'train'}


@pytest.mark.parametrize(('rule', 'named'), [('release', 'coco_url'), ('field', 'field split'), ('luck', 'luck')])
def test_a_picture_that_the_rule_cannot_place_is_named(rule: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        assign_parts([{'id': 7, 'split': 'minival'}], rule, SHARE)
