"""Sources of a recipe, smaller and in one place, read by the same recipe."""

from __future__ import annotations

import csv
import io
import json
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from difftracker.errors import AnnotationError, ConfigError
from difftracker.packing.pack_settings import PackSettings
from difftracker.packing.recipe_packer import RecipePacker
from difftracker.synthesis.build import build_composer
from difftracker.synthesis.recipe import read_recipe
from difftracker.synthesis.sources.coco_instance_source import CocoInstanceSource

# Labelled pictures at 140 px, half of the sources' 280.
SETTINGS = PackSettings(image_size=112, quality=90)


def unpack(packer, folder):
    for name, content in {**packer.store.files, **{n: t.encode() for n, t in packer.texts.items()}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture()
def packed(data_root, recipe_file, tmp_path):
    packer = RecipePacker(data_root, data_root / 'cutouts/index.csv', 'train', SETTINGS)
    packer.add(recipe_file)
    return packer, unpack(packer, tmp_path / 'packed')


def test_only_what_the_split_needs(packed):
    packer, _ = packed
    pictures = {f'coco/images/train_{seed}.webp' for seed in range(4)}
    assert set(packer.store.files) == pictures | {f'cutouts/{number:05d}.webp' for number in range(4)}
    assert set(packer.texts) == {'recipes/toy.json', 'coco/train.json', 'cutouts/index.csv'}


def test_outlines_shrink_with_their_pictures(packed, data_root):
    _, folder = packed
    small = CocoInstanceSource(folder / 'coco/train.json', folder / 'coco/images')
    large = CocoInstanceSource(data_root / 'coco/train.json', data_root / 'coco/images')
    for position in range(4):
        found, wanted = small.picture(position), large.picture(position)
        assert found.image.shape == (100, 140, 3)
        averaged = cv2.resize(wanted.image, (140, 100), interpolation=cv2.INTER_AREA)
        assert np.abs(found.image.astype(int) - averaged).mean() < 4
        assert len(found.instances) == len(wanted.instances) == 3
        for one, other in zip(found.instances, wanted.instances, strict=True):
            assert one.label == other.label
            shrunk = cv2.resize(other.mask.astype(np.float32), (140, 100), interpolation=cv2.INTER_AREA) >= 0.5
            assert np.count_nonzero(one.mask ^ shrunk) <= 0.12 * np.count_nonzero(shrunk)


def test_the_recipe_works_on_the_pack(packed):
    _, folder = packed
    recipe = read_recipe(folder / 'recipes/toy.json', long_side=112)
    composer = build_composer(recipe, folder, 'train', folder / 'cutouts/index.csv')
    pair = composer.compose(np.random.default_rng(0))
    assert max(pair.before.shape) == 112
    assert pair.extra['picture'].endswith('.webp')


def test_cutouts_keep_their_transparency(packed, data_root):
    _, folder = packed
    rows = list(csv.DictReader((folder / 'cutouts/index.csv').open()))
    assert [row['name'] for row in rows] == ['ball', 'plate', 'coin', 'wheel']
    with Image.open(folder / 'cutouts' / rows[0]['file']) as image:
        alpha = np.asarray(image.convert('RGBA'))[..., 3] / 255
    # The disc of radius 34 fills pi / 4 of what is visible.
    assert max(alpha.shape) <= SETTINGS.cutout_side
    assert alpha.mean() == pytest.approx(np.pi / 4, abs=0.04)


def test_run_lengths_and_photographs_shared_by_two_lists(tmp_path):
    """A crowd as run lengths; a picture of another split; a list that names a labelled picture, too."""
    (tmp_path / 'pictures').mkdir()
    for name in ('a', 'b', 'c'):
        Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(tmp_path / f'pictures/{name}.png')
    mask = np.zeros((60, 80), np.uint8)
    mask[10:50, 20:60] = 1
    flat = np.flatnonzero(np.diff(np.concatenate([[2], mask.T.ravel(), [2]])))
    counts = np.diff(flat).tolist()
    images = [
        {'id': 7, 'file_name': 'a.png', 'width': 80, 'height': 60, 'split': 'train', 'url': 'x'},
        {'id': 8, 'file_name': 'b.png', 'width': 80, 'height': 60, 'split': 'val'},
    ]
    crowd = {'id': 1, 'image_id': 7, 'category_id': 1, 'iscrowd': 1, 'bbox': [20, 10, 40, 40], 'area': 1600}
    annotations = [
        {**crowd, 'segmentation': {'size': [60, 80], 'counts': counts}, 'score': 1},
        {**crowd, 'id': 2, 'image_id': 8, 'segmentation': []},
    ]
    categories = [{'id': 1, 'name': 'person', 'supercategory': 'x'}]
    (tmp_path / 'all.json').write_text(
        json.dumps({'images': images, 'annotations': annotations, 'categories': categories})
    )
    (tmp_path / 'all.csv').write_text(
        'file,split,licence\npictures/a.png,train,1\npictures/b.png,val,1\npictures/c.png,train,1\n'
    )
    recipe = {
        'name': 'shared',
        'pictures': [
            {'type': 'coco', 'annotations': 'all.json', 'images': 'pictures', 'split_field': True},
            {'type': 'list', 'index': 'all.csv', 'images': '.', 'split_field': True},
        ],
    }
    (tmp_path / 'shared.json').write_text(json.dumps(recipe))
    packer = RecipePacker(tmp_path, None, 'train', PackSettings(image_size=38, quality=90))
    packer.add(tmp_path / 'shared.json')
    assert list(csv.reader(io.StringIO(packer.texts['all.csv']))) == [
        ['file', 'split'],
        ['pictures/a.webp', 'train'],
        ['pictures/c.webp', 'train'],
    ]
    written = json.loads(packer.texts['all.json'])
    # The list comes first and keeps 1.05 times 38 px.
    assert written['images'] == [{'id': 7, 'file_name': 'a.webp', 'width': 40, 'height': 30, 'split': 'train'}]
    assert written['categories'] == [{'id': 1, 'name': 'person'}]
    (annotation,) = written['annotations']
    assert annotation['bbox'] == [10, 5, 20, 20] and annotation['area'] == 400 and annotation['iscrowd'] == 1
    assert set(annotation) == {'id', 'image_id', 'category_id', 'iscrowd', 'bbox', 'area', 'segmentation'}
    np.testing.assert_array_equal(coco_mask.decode(annotation['segmentation']), mask[1::2, 1::2])


def test_a_picture_of_another_size_than_stated_is_refused(data_root, recipe_file, tmp_path):
    """Its outlines would be scaled as if it had that size, and the pack state a size that fits."""
    root = shutil.copytree(data_root, tmp_path / 'sources')
    Image.new('RGB', (140, 100)).save(root / 'coco/images/train_2.png')
    packer = RecipePacker(root, root / 'cutouts/index.csv', 'train', SETTINGS)
    with pytest.raises(AnnotationError, match=r'train_2\.png: expected 280 x 200 px, found 140 x 100'):
        packer.add(recipe_file)


def test_lists_as_spreadsheets_write_them(tmp_path):
    Image.new('RGB', (64, 48), 'white').save(tmp_path / 'a.png')
    (tmp_path / 'list.csv').write_bytes(b'\xef\xbb\xbffile,split\r\na.png,train\r\n')
    (tmp_path / 'latin.csv').write_bytes(b'file,split\ncaf\xe9.png,train\n')
    recipe = {'name': 'x', 'kinds': {'add': 1.0}, 'pictures': []}
    for index, error in (('list.csv', None), ('latin.csv', 'latin.csv: expected UTF-8 text, found byte 0xe9')):
        source = {'type': 'list', 'index': index, 'images': '', 'split_field': 'split'}
        path = tmp_path / 'recipe.json'
        path.write_text(json.dumps({**recipe, 'pictures': [source]}))
        packer = RecipePacker(tmp_path, None, 'train', SETTINGS)
        if error is None:
            packer.add(path)
            assert packer.texts['list.csv'].split() == ['file,split', 'a.webp,train']
        else:
            with pytest.raises(AnnotationError, match=error):
                packer.add(path)


def test_faults_are_named(data_root, tmp_path):
    packer = RecipePacker(data_root, None, 'train', SETTINGS)
    for sources, error, message in (
        ([{'type': 'film'}], ConfigError, 'expected sources of type'),
        ([{'type': 'coco', 'annotations': 'coco/nothing.json', 'images': '.'}], AnnotationError, 'nothing.json'),
        ([{'type': 'list', 'index': 'nothing.csv', 'images': '.'}], AnnotationError, 'nothing.csv'),
        ([{'type': 'cutouts'}], ConfigError, 'index of cut-outs'),
    ):
        (tmp_path / 'r.json').write_text(json.dumps({'name': 'r', 'pictures': sources}))
        with pytest.raises(error, match=message):
            packer.add(tmp_path / 'r.json')
    with pytest.raises(ConfigError, match='found 320 and 0, 80, 85'):
        PackSettings(quality=0)
