"""CLEVR-Change and CLEVR-DC."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from difftracker.converters.clevr_change import ClevrChange
from difftracker.converters.clevr_dc import ClevrDc
from difftracker.errors import AnnotationError, ConfigError
from tests.test_converters.converted import asked, boxes, convert
from tests.test_converters.small_pictures import noise, painted, save

PLACES = {
    0: ('color', [10, 12, 20, 16], [12, 12, 20, 16]),
    1: ('material', [10, 12, 20, 16], [10, 12, 20, 16]),
    2: ('add', None, [60, 40, 24, 20]),
    3: ('drop', [60, 40, 24, 60], None),
    4: ('move', [10, 12, 20, 16], [60, 50, 20, 16]),
}
CAPTIONS = ['the small cube that is the same size as the ball changed', 'the thing turned  red']
NO_CHANGE = ['no change was made', 'the two scenes seem identical']


def write_clevr_change(root: Path) -> Path:
    """The folder `data` of the archive, with one pair of each kind."""
    for number, (_, before, after) in PLACES.items():
        image = noise(96, 80, number)
        x, y, width, height = after or before
        save(root / 'images' / f'CLEVR_default_{number:06d}.png', image)
        changed = painted(image, (x, y, x + width, y + height))
        save(root / 'sc_images' / f'CLEVR_semantic_{number:06d}.png', changed)
        save(root / 'nsc_images' / f'CLEVR_nonsemantic_{number:06d}.png', noise(96, 80, 50 + number))
    names = {number: f'CLEVR_default_{number:06d}.png' for number in PLACES}
    content = {
        'splits': {'train': [0, 1, 2], 'val': [3], 'test': [4]},
        'change_captions': dict.fromkeys(names.values(), CAPTIONS),
        'no_change_captions': dict.fromkeys(names.values(), NO_CHANGE),
        'type_mapping': {kind: [f'{number:06d}.png'] for number, (kind, _, _) in PLACES.items()},
        'change_captions_with_bbox': {
            str(number): {'bbox_before': before, 'bbox_after': after} for number, (_, before, after) in PLACES.items()
        },
    }
    for name, item in content.items():
        (root / f'{name}.json').write_text(json.dumps(item))
    return root


class TestClevrChange:
    def test_boxes_kinds_and_captions(self, tmp_path: Path) -> None:
        report, records = convert(ClevrChange(write_clevr_change(tmp_path / 'set')), tmp_path / 'out')
        assert report.broken == []
        assert {split: len(pairs) for split, pairs in records.items()} == {'train': 6, 'val': 2, 'test': 2}
        pairs = {pair_id: record for split in records.values() for pair_id, record in split.items()}
        found = [boxes(pairs[f'clevr-change-{number:06d}-sc'].changes)[0] for number in PLACES]
        assert found == [
            ('appearance', (10, 12, 30, 28), (12, 12, 32, 28)),
            ('appearance', (10, 12, 30, 28), (10, 12, 30, 28)),
            ('add', (60, 40, 84, 60), (60, 40, 84, 60)),
            # Beyond the lower border.
            ('remove', (60, 40, 84, 80), (60, 40, 84, 80)),
            ('move', (10, 12, 30, 28), (60, 50, 80, 66)),
        ]
        extras = [pairs[f'clevr-change-{number:06d}-sc'].changes[0].extra for number in PLACES]
        assert extras == [
            {'attribute': 'colour'},
            {'attribute': 'texture'},
            {'before_box_source': 'copied from the other image'},
            {'after_box_source': 'copied from the other image'},
            None,
        ]
        assert asked(pairs['clevr-change-000004-sc']) == [(text, 'move', (0,)) for text in CAPTIONS]
        unchanged = pairs['clevr-change-000004-nsc']
        assert unchanged.changes == () and asked(unchanged) == [(text, 'none', ()) for text in NO_CHANGE]
        assert unchanged.after == 'images/nsc_images/CLEVR_nonsemantic_000004.png'

    def test_without_the_file_of_boxes(self, tmp_path: Path) -> None:
        root = write_clevr_change(tmp_path / 'set')
        (root / 'change_captions_with_bbox.json').unlink()
        with pytest.raises(ConfigError, match=r'without change_captions_with_bbox\.json has no boxes; --pixel-boxes'):
            ClevrChange(root)
        _, records = convert(ClevrChange(root, pixel_boxes=True), tmp_path / 'out', splits=['test'])
        (change,) = records['test']['clevr-change-000004-sc'].changes
        assert change.type == 'move' and change.extra == {'box_source': 'pixel-difference'}
        x1, y1, x2, y2 = change.after_box
        assert abs(x1 - 60) < 4 and abs(y1 - 50) < 4 and abs(x2 - 80) < 4 and abs(y2 - 66) < 4

    def test_broken_input(self, tmp_path: Path) -> None:
        root = write_clevr_change(tmp_path / 'set')
        path = root / 'change_captions_with_bbox.json'
        content = json.loads(path.read_text())
        content['0'] = {'bbox_before': None, 'bbox_after': []}
        del content['1']
        content['4']['bbox_after'] = [1, 2, 3]
        path.write_text(json.dumps(content))
        captions = json.loads((root / 'no_change_captions.json').read_text())
        del captions['CLEVR_default_000003.png']
        (root / 'no_change_captions.json').write_text(json.dumps(captions))
        report, _ = convert(ClevrChange(root), tmp_path / 'out')
        assert [pair_id[-9:] for _, pair_id, _ in report.broken] == ['000000-sc', '000001-sc', '00003-nsc', '000004-sc']
        (root / 'splits.json').write_text('{"train": ["a"]}')
        with pytest.raises(AnnotationError, match="'train': expected a list of integers"):
            ClevrChange(root).items('train')


class TestClevrDc:
    def write(self, root: Path, captions: dict) -> Path:
        for side in ('bef', 'aft'):
            for number in range(len(captions)):
                save(root / side / f'{number}.png', noise(48, 32, number + 100 * (side == 'aft')))
        (root / 'captions.json').write_text(json.dumps(captions))
        numbers = list(range(len(captions)))
        (root / 'split.json').write_text(json.dumps({'train': numbers[:2], 'val': [], 'test': numbers[2:]}))
        return root

    def test_only_what_did_not_change(self, tmp_path: Path) -> None:
        captions = {
            '0': CAPTIONS,
            '1': ['there is no change', 'nothing was modified', 'The scene remains the same'],
            '2': NO_CHANGE,
            '3': ['the cube that is in front of the ball of the same size is no longer there'],
        }
        report, records = convert(ClevrDc(self.write(tmp_path / 'set', captions)), tmp_path / 'out')
        assert {split: list(pairs) for split, pairs in records.items()} == {
            'train': ['clevr-dc-000001'],
            'test': ['clevr-dc-000002'],
        }
        record = records['train']['clevr-dc-000001']
        assert asked(record) == [(text, 'none', ()) for text in captions['1']] and record.changes == ()
        assert (record.before, record.after) == ('images/bef/1.png', 'images/aft/1.png')
        assert sum(report.left_out.values()) == 2 and 'does not say where' in next(iter(report.left_out))

    def test_names_with_zeros_and_suffix(self, tmp_path: Path) -> None:
        root = self.write(tmp_path / 'set', {'000000.png': NO_CHANGE})
        (root / 'bef' / '0.png').rename(root / 'bef' / '000000.png')
        _, records = convert(ClevrDc(root), tmp_path / 'out')
        assert records['train']['clevr-dc-000000'].before == 'images/bef/000000.png'

    def test_broken_input(self, tmp_path: Path) -> None:
        root = self.write(tmp_path / 'set', {'0': [*NO_CHANGE, *CAPTIONS], '1': NO_CHANGE, '2': NO_CHANGE, '3': []})
        (root / 'aft' / '1.png').unlink()
        report, records = convert(ClevrDc(root), tmp_path / 'out')
        assert [pair_id for _, pair_id, _ in report.broken] == ['clevr-dc-000000', 'clevr-dc-000001', 'clevr-dc-000003']
        assert list(records) == ['test']
        (root / 'captions.json').write_text('{"first": []}')
        report, _ = convert(ClevrDc(root), tmp_path / 'again')
        assert len(report.broken) == 4
