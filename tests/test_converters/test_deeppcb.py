"""DeepPCB."""

from __future__ import annotations

from pathlib import Path

import pytest

from difftracker.converters.deeppcb import DeepPcb
from tests.test_converters.converted import boxes, convert
from tests.test_converters.small_pictures import noise, painted, save

DEFECTS = {
    '20085000': '5 6 15 16 1\n20 4 30 12 6\n',
    '20085001': '1,2,9,10,3\n',
    '44000000': '10 10 45 20 5\n',
}
LISTS = {
    'trainval': 'group20085/20085/20085000.jpg group20085/20085_not/20085000.txt\n'
    'group20085/20085/20085001.jpg group20085/20085_not/20085001.txt\n',
    'test': 'group44000/44000/44000000.jpg group44000/44000_not/44000000.txt\n',
}


def write_deeppcb(root: Path) -> Path:
    """The repository's layout; `PCBData` below the root."""
    data = root / 'DeepPCB' / 'PCBData'
    for seed, (name, lines) in enumerate(DEFECTS.items()):
        folder = data / f'group{name[:5]}'
        template = noise(40, 32, seed)
        save(folder / name[:5] / f'{name}_temp.jpg', template)
        save(folder / name[:5] / f'{name}_test.jpg', painted(template, (8, 8, 12, 12)))
        annotation = folder / f'{name[:5]}_not' / f'{name}.txt'
        annotation.parent.mkdir(exist_ok=True)
        annotation.write_text(lines)
    for split, lines in LISTS.items():
        (data / f'{split}.txt').write_text(lines)
    return data.parent


def test_boxes_kinds_and_splits(tmp_path: Path) -> None:
    root = write_deeppcb(tmp_path)
    report, records = convert(DeepPcb(root), tmp_path / 'out')
    assert {split: list(pairs) for split, pairs in records.items()} == {
        'test': ['deeppcb-44000000'],
        'trainval': ['deeppcb-20085000', 'deeppcb-20085001'],
    }
    record = records['trainval']['deeppcb-20085000']
    assert boxes(record.changes) == [
        ('open', (5, 6, 15, 16), (5, 6, 15, 16)),
        ('pin-hole', (20, 4, 30, 12), (20, 4, 30, 12)),
    ]
    assert boxes(records['trainval']['deeppcb-20085001'].changes) == [('mousebite', (1, 2, 9, 10), (1, 2, 9, 10))]
    # Beyond the right border.
    assert boxes(records['test']['deeppcb-44000000'].changes) == [('copper', (10, 10, 40, 20), (10, 10, 40, 20))]
    assert (record.before, record.after) == (
        'images/group20085/20085/20085000_temp.jpg',
        'images/group20085/20085/20085000_test.jpg',
    )
    assert record.before_size == record.after_size == (40, 32)
    assert (record.source, record.queries, record.extra) == ('DeepPCB', (), {'group': 'group20085'})
    assert 'research' in record.license
    assert report.summary() == (
        'trainval 2 pairs, 3 changes, 0 sentences; test 1 pairs, 1 changes, 0 sentences; 0 pairs left out; 0 broken'
    )


def test_the_folder_of_the_data_will_do(tmp_path: Path) -> None:
    root = write_deeppcb(tmp_path)
    assert DeepPcb(root / 'PCBData').items('test') == DeepPcb(root).items('test')


@pytest.mark.parametrize(
    ('content', 'told'),
    [
        ('5 6 15 16 9\n', '20085000.txt:1: expected a class out of'),
        ('5 6 15 16 1\n5 6 15\n', '20085000.txt:2: expected x1, y1, x2, y2 and a class'),
        ('5 6 five 16 1\n', '20085000.txt:1: expected x1, y1, x2, y2 and a class'),
        ('60 6 65 16 1\n', '20085000.txt:1: expected a box with an area inside'),
        (None, '20085000.txt: expected a text file'),
    ],
)
def test_a_broken_annotation_costs_one_pair(tmp_path: Path, content: str | None, told: str) -> None:
    root = write_deeppcb(tmp_path)
    path = root / 'PCBData/group20085/20085_not/20085000.txt'
    path.unlink() if content is None else path.write_text(content)
    report, records = convert(DeepPcb(root), tmp_path / 'out')
    assert list(records['trainval']) == ['deeppcb-20085001']
    ((split, pair_id, reason),) = report.broken
    assert (split, pair_id) == ('trainval', 'deeppcb-20085000') and told in reason
