"""The sets of The Change You Want to See and of its successor in 3D."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from difftracker.converters.coco_inpainted import CocoInpainted
from difftracker.converters.kc3d import Kc3d
from difftracker.converters.kubric_change import KubricChange, pair_places
from difftracker.converters.rc3d import Rc3d
from difftracker.converters.virat_std import ViratStd
from difftracker.errors import AnnotationError
from tests.test_converters.converted import boxes, convert
from tests.test_converters.small_pictures import mask, noise, painted, save

OBJECTS = [
    # An object in two pieces: its box encloses both. COCO's own bbox stands beside it and is not used.
    {
        'segmentation': [[4.0, 4.0, 10.0, 4.0, 10.0, 12.5], [12.0, 6.0, 14.5, 6.0, 14.5, 9.0]],
        'bbox': [4.0, 4.0, 10.5, 8.5],
        'category_id': 18,
    },
    {'segmentation': [[20.0, 10.0, 30.0, 10.0, 30.0, 20.0, 20.0, 20.0]], 'category_id': 1},
    {'segmentation': [[np.float64(34), 2, 38, 2, 38, 9]], 'category_id': 90},
]
DOG = ('remove', (4, 4, 14.5, 12.5), (4, 4, 14.5, 12.5))
PERSON = ('remove', (20, 10, 30, 20), (20, 10, 30, 20))
TOOTHBRUSH = ('remove', (34, 2, 38, 9), (34, 2, 38, 9))


def write_coco_inpainted(root: Path) -> Path:
    """Folders `train` (with its validation part) and `test/small`, as their archive holds them."""
    photographs = {'train': {7: ['5', ''], 8: ['1']}, 'test/small': {9: ['2']}}
    parts = {'train': {'train': [7], 'val': [8]}, 'test/small': {'test': [9]}}
    for folder, images in photographs.items():
        for index, versions in images.items():
            image = noise(40, 32, index)
            save(root / folder / 'images_and_masks' / f'{index}.png', image)
            for bits in versions:
                name = f'{index}_mask{bits}.png'
                save(root / folder / 'inpainted' / name, painted(image, (4, 4, 14, 12)))
                save(root / folder / 'images_and_masks' / name, mask(40, 32, (4, 4, 14, 12)))
            (root / folder / 'metadata').mkdir(exist_ok=True)
            np.save(root / folder / 'metadata' / f'{index}.npy', np.array(OBJECTS, dtype=object), allow_pickle=True)
        indices = {part: np.array(numbers) for part, numbers in parts[folder].items()}
        (root / folder / 'data_split.pkl').write_bytes(pickle.dumps(indices))
        np.save(root / folder / 'list_of_indices.npy', np.concatenate(list(indices.values())))
    return root


class TestCocoInpainted:
    def test_bits_pick_the_objects(self, tmp_path: Path) -> None:
        report, records = convert(CocoInpainted(write_coco_inpainted(tmp_path / 'set')), tmp_path / 'out')
        assert report.broken == []
        train = records['train']
        # 5 is 101 in bits: the first and the last of three objects; no number is all of them.
        assert boxes(train['train-7_mask5'].changes) == [DOG, TOOTHBRUSH]
        assert boxes(train['train-7_mask'].changes) == [DOG, PERSON, TOOTHBRUSH]
        assert boxes(records['val']['val-8_mask1'].changes) == [TOOTHBRUSH]
        assert boxes(records['test_small']['test_small-9_mask2'].changes) == [PERSON]
        assert [change.label for change in train['train-7_mask'].changes] == ['dog', 'person', 'toothbrush']
        assert train['train-7_mask5'].before == 'images/train/images_and_masks/7.png'
        assert train['train-7_mask5'].after == 'images/train/inpainted/7_mask5.png'
        assert len(list((tmp_path / 'out').rglob('*.png'))) == 7

    def test_a_version_of_another_size_has_boxes_of_its_own(self, tmp_path: Path) -> None:
        root = write_coco_inpainted(tmp_path / 'set')
        save(root / 'train/inpainted/8_mask1.png', noise(80, 64, 3))
        _, records = convert(CocoInpainted(root), tmp_path / 'out', splits=['val'])
        assert boxes(records['val']['val-8_mask1'].changes) == [('remove', (34, 2, 38, 9), (68, 4, 76, 18))]

    @pytest.mark.parametrize('fault', ['bits', 'metadata', 'outline', 'version', 'photograph'])
    def test_broken_pairs(self, tmp_path: Path, fault: str) -> None:
        root = write_coco_inpainted(tmp_path / 'set')
        version = root / 'train/inpainted/8_mask1.png'
        if fault == 'bits':
            version.rename(version.with_name('8_mask8.png'))
        elif fault == 'metadata':
            (root / 'train/metadata/8.npy').unlink()
        elif fault == 'outline':
            np.save(root / 'train/metadata/8.npy', np.array([{'segmentation': {'counts': 'x'}}], dtype=object))
        elif fault == 'version':
            version.unlink()
        else:
            (root / 'train/images_and_masks/8.png').write_bytes(b'')
        report, records = convert(CocoInpainted(root), tmp_path / 'out')
        assert len(report.broken) == 1 and report.broken[0][0] == 'val'
        assert set(records) == {'train', 'test_small'}


class TestKubricChange:
    def write(self, root: Path) -> Path:
        places = {3: ([(5, 5, 15, 15)], [(7, 6, 17, 16)]), 12: ([(2, 2, 8, 8), (50, 30, 60, 40)], [(52, 29, 62, 39)])}
        for index, masks in places.items():
            image = noise(80, 60, index)
            for view, marks in enumerate(masks):
                save(root / f'{index}_{view}.png', painted(image, marks[0], (250, 250, 20 * view)))
                save(root / f'mask_{index}_{view:05d}.png', mask(80, 60, *marks, value=1))
        return root

    def test_places_are_paired(self, tmp_path: Path) -> None:
        _, records = convert(KubricChange(self.write(tmp_path / 'set')), tmp_path / 'out')
        assert list(records) == ['test']
        assert boxes(records['test']['kubric-3'].changes) == [('change', (5, 5, 15, 15), (7, 6, 17, 16))]
        assert boxes(records['test']['kubric-12'].changes) == [
            ('change', (2, 2, 8, 8), None),
            ('change', (50, 30, 60, 40), (52, 29, 62, 39)),
        ]

    def test_pairing_is_the_best_of_all(self) -> None:
        first = [(10, 10, 20, 20), (40, 10, 50, 20), (70, 10, 80, 20)]
        second = [(69, 12, 79, 22), (42, 10, 52, 20), (14, 10, 24, 20), (10, 80, 20, 90)]
        assert pair_places(first, second, 140) == [
            (first[0], second[2]),
            (first[1], second[1]),
            (first[2], second[0]),
            (None, second[3]),
        ]
        assert pair_places([], second[:1], 140) == [(None, second[0])]
        assert pair_places(first[:1], [], 140) == [(first[0], None)]

    def test_broken_input(self, tmp_path: Path) -> None:
        root = self.write(tmp_path / 'set')
        (root / 'mask_3_00001.png').unlink()
        for view in (0, 1):
            save(root / f'mask_12_{view:05d}.png', mask(80, 60))
        report, records = convert(KubricChange(root), tmp_path / 'out')
        assert [pair_id for _, pair_id, _ in report.broken] == ['kubric-12', 'kubric-3'] and records == {}
        (tmp_path / 'empty').mkdir()
        with pytest.raises(AnnotationError, match='expected files'):
            KubricChange(tmp_path / 'empty').items('test')


class TestViratStd:
    def write(self, root: Path, boxes_of: dict) -> Path:
        for name in boxes_of:
            image = noise(48, 48, int(name))
            save(root / f'{name}.png', image)
            save(root / f'{name}_2.png', painted(image, (2, 3, 10, 12)))
        np.save(root / 'annotations.npy', np.array(boxes_of, dtype=object), allow_pickle=True)
        return root

    def test_boxes(self, tmp_path: Path) -> None:
        stated = {'76': [[2, 3, 10, 12], [20, 20, 30, 40.5]], '235': np.array([[1.0, 1.0, 9.0, 9.0]]), '300': []}
        _, records = convert(ViratStd(self.write(tmp_path / 'set', stated)), tmp_path / 'out')
        pairs = records['test']
        assert boxes(pairs['virat-std-76'].changes) == [
            ('change', (2, 3, 10, 12), (2, 3, 10, 12)),
            ('change', (20, 20, 30, 40.5), (20, 20, 30, 40.5)),
        ]
        assert boxes(pairs['virat-std-235'].changes) == [('change', (1, 1, 9, 9), (1, 1, 9, 9))]
        assert pairs['virat-std-300'].changes == ()
        assert (pairs['virat-std-76'].before, pairs['virat-std-76'].after) == ('images/76.png', 'images/76_2.png')

    def test_broken_input(self, tmp_path: Path) -> None:
        root = self.write(tmp_path / 'set', {'1': [[5, 5, 5, 9]], '2': 'none', '3': [[1, 1, 9, 9]], '4': [[1, 2, 3]]})
        report, records = convert(ViratStd(root), tmp_path / 'out')
        assert len(report.broken) == 3 and list(records['test']) == ['virat-std-3']
        (root / 'annotations.npy').unlink()
        with pytest.raises(AnnotationError, match=r'annotations\.npy: expected a \.npy file'):
            ViratStd(root).items('test')


class TestKc3d:
    def write(self, root: Path) -> Path:
        scenes: dict[str, list] = {'train': [], 'val': [], 'test': []}
        for number, (split, marks) in enumerate([('train', (4, 5, 14, 15)), ('test', (20, 8, 30, 18))]):
            scene = {}
            for view in (1, 2):
                scene[f'image{view}'] = f'{number}_831_2_{view - 1}.png'
                scene[f'depth{view}'] = f'depth_{number}_831_2_{view - 1}.tiff'
                scene[f'mask{view}'] = f'mask_{number}_831_2_{view - 1}.png'
                save(root / scene[f'image{view}'], noise(40, 32, 10 * number + view))
                x1, y1, x2, y2 = marks
                pieces = ((x1 + view, y1, x2 + view, y1 + 2), (x1 + view, y2 - 2, x1 + view + 1, y2))
                save(root / scene[f'mask{view}'], mask(40, 32, *pieces))
            scenes[split].append(scene)
        root.joinpath('data_split.pkl').write_bytes(pickle.dumps(scenes))
        return root

    def test_one_change_around_all_that_is_marked(self, tmp_path: Path) -> None:
        _, records = convert(Kc3d(self.write(tmp_path / 'set')), tmp_path / 'out')
        assert set(records) == {'train', 'test'}
        assert boxes(records['train']['kc3d-train-00000'].changes) == [('change', (5, 5, 15, 15), (6, 5, 16, 15))]
        assert boxes(records['test']['kc3d-test-00000'].changes) == [('change', (21, 8, 31, 18), (22, 8, 32, 18))]

    def test_broken_input(self, tmp_path: Path) -> None:
        root = self.write(tmp_path / 'set')
        scenes = {'test': [{'image1': '../../secret.png', 'mask1': 'x.png'}, {'image1': 'x.png'}, 5]}
        root.joinpath('data_split.pkl').write_bytes(pickle.dumps(scenes))
        report, _ = convert(Kc3d(root), tmp_path / 'out')
        told = [reason for *_, reason in report.broken]
        assert 'expected a path inside the data set' in told[0]
        assert "field 'mask1'" in told[1] and "field 'image1'" in told[2]


class TestRc3d:
    def write(self, root: Path) -> Path:
        for part in ('part1', 'part3'):
            images, annotations = [], []
            for number in range(6):
                save(root / part / f'{number}.jpg', noise(40, 32, number + len(images)))
                images.append({'id': number, 'file_name': f'{number}.jpg', 'width': 40, 'height': 32})
                annotations.append({'id': number, 'image_id': number, 'bbox': [2 * number, 3, 10, 12]})
            content = {'images': images, 'annotations': annotations, 'categories': []}
            (root / part / 'coco_annotations.json').write_text(json.dumps(content))
        return root

    def test_first_and_third_of_each_three(self, tmp_path: Path) -> None:
        _, records = convert(Rc3d(self.write(tmp_path / 'set')), tmp_path / 'out')
        pairs = records['test']
        assert list(pairs) == ['rc3d-part1-0000', 'rc3d-part1-0001', 'rc3d-part3-0000', 'rc3d-part3-0001']
        assert boxes(pairs['rc3d-part3-0001'].changes) == [('change', (6, 3, 16, 15), (10, 3, 20, 15))]
        assert (pairs['rc3d-part3-0001'].before, pairs['rc3d-part3-0001'].after) == (
            'images/part3/3.jpg',
            'images/part3/5.jpg',
        )

    def test_broken_input(self, tmp_path: Path) -> None:
        root = self.write(tmp_path / 'set')
        path = root / 'part1' / 'coco_annotations.json'
        content = json.loads(path.read_text())
        content['annotations'][0]['bbox'] = [1, 2, 0, 5]
        path.write_text(json.dumps(content))
        report, records = convert(Rc3d(root), tmp_path / 'out')
        assert [pair_id for _, pair_id, _ in report.broken] == ['rc3d-part1-0000'] and len(records['test']) == 3
        content['images'].pop()
        path.write_text(json.dumps(content))
        with pytest.raises(AnnotationError, match='expected threes of images'):
            Rc3d(root).items('test')
