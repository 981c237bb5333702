"""What holds for every format: whole or not at all, one bad pair costs one pair, files stay as they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from difftracker.converters import CONVERTERS, convert_set
from difftracker.converters.converted_pair import ConvertedPair
from difftracker.converters.converter import Converter
from difftracker.converters.deeppcb import DeepPcb
from difftracker.converters.left_out import LeftOut
from difftracker.converters.picture import Picture
from difftracker.errors import AnnotationError, ConfigError
from difftracker.structures import Change, Query
from tests.test_converters.converted import boxes, convert
from tests.test_converters.small_pictures import noise, painted, save
from tests.test_converters.test_deeppcb import write_deeppcb

BOX = (2.0, 3.0, 12.0, 13.0)


class Listed(Converter):
    """A data set that is what a test says."""

    NAME, SUMMARY, SOURCE, LICENSE = 'listed', 'a list', 'Listed', 'CC0-1.0'

    def __init__(self, root: Path, content: dict[str, dict[str, Any]]) -> None:
        super().__init__(root)
        self.content = content

    def splits(self) -> Sequence[str]:
        return list(self.content)

    def items(self, split: str) -> Sequence[tuple[str, Any]]:
        return list(self.content[split].items())

    def convert(self, pair_id: str, item: Any) -> ConvertedPair | LeftOut:
        if isinstance(item, Exception):
            raise item
        return item

    def pair(self, name: str, suffix: str = '.png', **fields: Any) -> ConvertedPair:
        """A pair whose files are written at once."""
        image = noise(40, 32, sum(name.encode()))
        before = self.picture(save(self.root / f'{name}_a{suffix}', image))
        after = self.picture(save(self.root / f'{name}_b{suffix}', painted(image, (2, 3, 12, 13))))
        settings = {'changes': (Change(0, 'add', BOX, BOX),), 'queries': (Query('q0', 'what came?', 'add', (0,)),)}
        return ConvertedPair(before, after, **{**settings, **fields})


@pytest.fixture
def listed(tmp_path: Path) -> Listed:
    (tmp_path / 'source').mkdir()
    return Listed(tmp_path / 'source', {})


def files(folder: Path) -> list[str]:
    """Every file below a folder, hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*') if not path.is_dir())


def test_the_table_names_every_format() -> None:
    assert {name: converter.NAME for name, converter in CONVERTERS.items()} == {name: name for name in CONVERTERS}
    asked_for = {'deeppcb', 'coco-inpainted', 'kubric-change', 'virat-std', 'magicbrush', 'image-editing-request'}
    assert asked_for | {'clevr-change', 'clevr-dc', 'spot-the-diff', 'mig-bench', 'refcoco', 'mask-folders'} <= set(
        CONVERTERS
    )
    for converter in CONVERTERS.values():
        assert converter.SUMMARY and '\n' not in converter.SUMMARY and len(converter.SUMMARY) < 95
        assert converter.DOMAIN in ('photo', 'screen', 'board') and converter.SOURCE and converter.LICENSE


@pytest.mark.parametrize('name', list(CONVERTERS))
def test_no_folder_no_conversion(tmp_path: Path, name: str) -> None:
    with pytest.raises(AnnotationError, match=r'nowhere: expected the folder of .*, found no folder'):
        CONVERTERS[name](tmp_path / 'nowhere')


def test_bad_pairs_are_listed_and_the_rest_goes_on(listed: Listed, tmp_path: Path) -> None:
    damaged, same, outside = listed.pair('damaged'), listed.pair('same'), listed.pair('outside')
    damaged.after.content.write_bytes(b'not a picture')
    same.after.content.write_bytes(same.before.content.read_bytes())
    outside = ConvertedPair(outside.before, outside.after, (Change(0, 'add', BOX, (2.0, 3.0, 99.0, 13.0)),))
    listed.content = {
        'train': {
            'good': listed.pair('good'),
            'raises': AnnotationError('x.json', 'expected this, found that'),
            'damaged': damaged,
            'same': same,
            'outside': outside,
            'passed over': LeftOut('not asked for'),
            'last': listed.pair('last'),
        },
        'empty': {'only': LeftOut('not asked for')},
    }
    report, records = convert(listed, tmp_path / 'out')
    assert list(records) == ['train'] and list(records['train']) == ['good', 'last']
    assert {pair_id: reason.split(':')[0] for _, pair_id, reason in report.broken} == {
        'raises': 'x.json',
        'damaged': str(damaged.after.content),
        'same': 'no-difference',
        'outside': 'box-outside',
    }
    assert report.left_out == {'not asked for': 2}
    # Nothing of a pair that was dropped.
    names = {Path(name).name for name in files(tmp_path / 'out')}
    assert names == {'train.jsonl', 'good_a.png', 'good_b.png', 'last_a.png', 'last_b.png'}


@pytest.mark.parametrize('stop', [KeyboardInterrupt, OSError('disk full')])
def test_a_stopped_conversion_leaves_nothing(listed: Listed, tmp_path: Path, stop: Any) -> None:
    listed.content = {'train': {'first': listed.pair('first'), 'second': listed.pair('second')}}

    def interrupt(items: Sequence, word: str):
        for number, item in enumerate(items):
            if number == 1:
                raise stop
            yield item

    with pytest.raises((KeyboardInterrupt, OSError)):
        convert_set(listed, tmp_path / 'out', progress=interrupt)
    assert not (tmp_path / 'out').exists()


def test_splits_one_after_another(listed: Listed, tmp_path: Path) -> None:
    shared = listed.pair('shared')
    listed.content = {'train': {'a': shared}, 'val': {'b': listed.pair('other')}, 'test': {'c': shared}}
    out = tmp_path / 'out'
    convert(listed, out, splits=['train'])
    before = {name: (out / name).read_bytes() for name in files(out)}
    _, records = convert(listed, out, splits=['val', 'val', 'test'])
    assert set(records) == {'train', 'val', 'test'}
    assert {name: (out / name).read_bytes() for name in before} == before
    with pytest.raises(ConfigError, match=r'train\.jsonl: expected no file, found one'):
        convert_set(listed, out)
    with pytest.raises(ConfigError, match='expected splits out of train, val, test, found dev'):
        convert_set(listed, tmp_path / 'other', splits=['dev'])
    assert not (tmp_path / 'other').exists()


def test_another_image_of_the_same_name_is_not_overwritten(listed: Listed, tmp_path: Path) -> None:
    listed.content = {'train': {'a': listed.pair('a')}}
    taken = save(tmp_path / 'out' / 'images' / 'a_a.png', noise(8, 8))
    content = taken.read_bytes()
    with pytest.raises(ConfigError, match=r'a_a\.png: expected no file or the same image'):
        convert_set(listed, tmp_path / 'out')
    assert taken.read_bytes() == content and files(tmp_path / 'out') == ['images/a_a.png']


def test_leaks_of_the_published_splits_are_told(listed: Listed, tmp_path: Path) -> None:
    shared = listed.pair('shared')
    listed.content = {'train': {'a': shared}, 'test': {'b': shared}}
    report, records = convert(listed, tmp_path / 'out')
    assert report.broken == [] and set(records) == {'train', 'test'}
    assert len(report.leaks) == 2 and all('leaked-image' in leak and '.convert' not in leak for leak in report.leaks)


def test_copies_and_links(listed: Listed, tmp_path: Path) -> None:
    pair = listed.pair('a', '.jpg')
    listed.content = {'train': {'a': pair}}
    convert(listed, tmp_path / 'copied')
    convert(listed, tmp_path / 'linked', link=True)
    copy, link = (tmp_path / name / 'images' / 'a_a.jpg' for name in ('copied', 'linked'))
    assert not copy.is_symlink() and copy.read_bytes() == pair.before.content.read_bytes()
    assert link.is_symlink() and link.resolve() == pair.before.content.resolve()


def test_a_wrong_suffix_is_mended(listed: Listed, tmp_path: Path) -> None:
    pair = listed.pair('a')
    jpeg = save(tmp_path / 'x.jpg', noise(40, 32))
    pair.before.content.write_bytes(jpeg.read_bytes())
    listed.content = {'train': {'a': pair}}
    _, records = convert(listed, tmp_path / 'out')
    assert records['train']['a'].before == 'images/a_a.png.jpg'


def test_pictures_that_lie_on_their_side(tmp_path: Path) -> None:
    root = write_deeppcb(tmp_path)
    image = root / 'PCBData/group44000/44000/44000000_test.jpg'
    save(image, painted(np.full((32, 40, 3), 255, np.uint8), (10, 10, 20, 20), (0, 0, 0)), 8)
    (root / 'PCBData/group44000/44000_not/44000000.txt').write_text('10 10 20 20 1')
    _, records = convert(DeepPcb(root), tmp_path / 'out', splits=['test'])
    record = records['test']['deeppcb-44000000']
    # A quarter turn to the left: x becomes the distance from the bottom.
    assert boxes(record.changes) == [('open', (10, 10, 20, 20), (10, 20, 20, 30))]
    assert (record.before_size, record.after_size) == ((40, 32), (32, 40))
    assert (tmp_path / 'out' / record.after).read_bytes() == image.read_bytes()


def test_bytes_become_files(listed: Listed, tmp_path: Path) -> None:
    pair = listed.pair('a')
    made = Picture('inside/one.png', pair.after.content.read_bytes())
    listed.content = {'train': {'a': ConvertedPair(pair.before, made, pair.changes, pair.queries, {'note': 'x'})}}
    _, records = convert(listed, tmp_path / 'out')
    assert records['train']['a'].after == 'images/inside/one.png'
    line = json.loads((tmp_path / 'out/annotations/train.jsonl').read_text())
    assert (line['note'], line['source'], line['license']) == ('x', 'Listed', 'CC0-1.0')


def test_nothing_is_written_elsewhere(listed: Listed, tmp_path: Path) -> None:
    listed.content = {'../../escaped': {'a': listed.pair('a')}}
    with pytest.raises(ConfigError, match='expected splits with names of letters and digits'):
        convert_set(listed, tmp_path / 'out')
    for name in ('../x.png', 'a/../../x.png', '/x.png'):
        with pytest.raises(AnnotationError, match='found one that leaves it'):
            Picture(name, b'')
    assert [path.name for path in tmp_path.iterdir()] == ['source']
