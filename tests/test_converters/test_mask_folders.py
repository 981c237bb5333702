"""Change detection sets of folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from difftracker.converters.mask_folders import MaskFolders
from difftracker.errors import AnnotationError, ConfigError
from tests.test_converters.converted import boxes, convert
from tests.test_converters.small_pictures import mask, noise, painted, save

MARKS = {'train_1': [(4, 4, 14, 14), (20, 4, 30, 14), (50, 40, 52, 42)], 'train_2': []}
FIRST, SECOND = (('change', box, box) for box in MARKS['train_1'][:2])


def write_triplet(
    folder: Path, names: tuple[str, str, str], stem: str, label_suffix: str = '.png', value: int = 255
) -> None:
    """One pair and its mask."""
    image = noise(64, 48, len(stem))
    marks = MARKS.get(stem, [(4, 4, 14, 14)])
    save(folder / names[0] / f'{stem}.png', image)
    save(folder / names[1] / f'{stem}.png', painted(image, (4, 4, 14, 14)))
    save(folder / names[2] / f'{stem}{label_suffix}', mask(64, 48, *marks, value=value))


@pytest.mark.parametrize(
    ('names', 'label_suffix', 'value'),
    [
        (('A', 'B', 'label'), '.png', 255),
        (('time1', 'time2', 'label'), '.png', 1),
        (('A', 'B', 'OUT'), '.jpg', 255),
        (('t1', 't2', 'mask'), '.tif', 255),
        (('Image1', 'Image2', 'label'), '.png', 255),
    ],
)
def test_a_folder_for_each_split(tmp_path: Path, names: tuple[str, str, str], label_suffix: str, value: int) -> None:
    root = tmp_path / 'LEVIR-CD'
    for stem in MARKS:
        write_triplet(root / 'train', names, stem, label_suffix, value)
    write_triplet(root / 'test', names, 'test_1.5', label_suffix, value)
    _, records = convert(MaskFolders(root), tmp_path / 'out')
    # The third mark has four pixels only.
    assert boxes(records['train']['train-train_1'].changes) == [FIRST, SECOND]
    assert records['train']['train-train_2'].changes == ()
    record = records['test']['test-test_1.5']
    assert boxes(record.changes) == [FIRST]
    assert (record.source, record.after) == ('LEVIR-CD', f'images/test/{names[1]}/test_1.5.png')


@pytest.mark.parametrize('ending', ['', '.png'])
def test_lists_of_names(tmp_path: Path, ending: str) -> None:
    root = tmp_path / 'WHU-CD-256'
    for stem in ('train_1', 'train_2', 'other'):
        write_triplet(root, ('A', 'B', 'label'), stem)
    (root / 'list').mkdir()
    (root / 'list' / 'train.txt').write_text(f'train_1{ending}\ntrain_2{ending}\n')
    (root / 'list' / 'val.txt').write_text(f'other{ending}\n')
    _, records = convert(MaskFolders(root), tmp_path / 'out')
    assert {split: list(pairs) for split, pairs in records.items()} == {
        'train': ['train-train_1', 'train-train_2'],
        'val': ['val-other'],
    }
    assert records['val']['val-other'].before == 'images/A/other.png'


def test_area_and_joining(tmp_path: Path) -> None:
    write_triplet(tmp_path / 'set' / 'train', ('A', 'B', 'label'), 'train_1')
    _, records = convert(MaskFolders(tmp_path / 'set', min_area=4), tmp_path / 'small')
    assert len(records['train']['train-train_1'].changes) == 3
    _, records = convert(MaskFolders(tmp_path / 'set', dilate=3), tmp_path / 'joined')
    assert boxes(records['train']['train-train_1'].changes) == [('change', (4, 4, 30, 14), (4, 4, 30, 14))]
    for settings in ({'min_area': 0}, {'dilate': -1}):
        with pytest.raises(ConfigError, match='expected --min-area'):
            MaskFolders(tmp_path / 'set', **settings)


def test_broken_input(tmp_path: Path) -> None:
    root = tmp_path / 'set'
    for stem in ('train_1', 'train_2', 'other', 'fourth'):
        write_triplet(root / 'train', ('A', 'B', 'label'), stem)
    (root / 'train' / 'B' / 'train_1.png').unlink()
    (root / 'train' / 'label' / 'train_2.png').unlink()
    save(root / 'train' / 'label' / 'other.png', mask(32, 48))
    report, records = convert(MaskFolders(root), tmp_path / 'out')
    assert {pair_id: reason.split(': ')[1][:30] for _, pair_id, reason in report.broken} == {
        'train-train_1': 'expected an image of that name',
        'train-train_2': 'expected an image of that name',
        'train-other': 'expected a mask as large as it',
    }
    assert list(records['train']) == ['train-fourth']
    (root / 'train' / 'time1').mkdir()
    with pytest.raises(AnnotationError, match='expected one folder out of A, time1, .*, found 2'):
        MaskFolders(root).items('train')
    (root / 'list').mkdir()
    (root / 'list' / 'train.txt').write_text('../../x.png\n')
    with pytest.raises(AnnotationError, match=r'train\.txt:1: expected a path inside the data set'):
        MaskFolders(root).items('train')
