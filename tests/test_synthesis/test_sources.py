"""Sources of pictures and objects."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from difftracker.errors import AnnotationError, ImageReadError
from difftracker.synthesis.framing import frame_picture
from difftracker.synthesis.instance import Instance
from difftracker.synthesis.sources.background_source import BackgroundSource
from difftracker.synthesis.sources.coco_instance_source import CocoInstanceSource
from difftracker.synthesis.sources.cutout_source import CutoutSource
from difftracker.synthesis.sources.picture import Picture


def _rectangle(x: int, y: int, w: int, h: int) -> list[list[float]]:
    return [[x, y, x + w, y, x + w, y + h, x, y + h]]


@pytest.fixture
def coco(tmp_path: Path) -> CocoInstanceSource:
    """One picture: a whole object, one cut by the border, one covered, one tiny, a crowd, one in run lengths."""
    Image.fromarray(np.full((120, 200, 3), 90, np.uint8)).save(tmp_path / 'p.png')
    region = np.zeros((120, 200), np.uint8)
    region[80:110, 60:100] = 1
    compressed = coco_mask.encode(np.asfortranarray(region))
    compressed['counts'] = compressed['counts'].decode()
    crowd = {'size': [120, 200], 'counts': [0, 120 * 5, 120 * 195]}
    shapes = {
        'whole': ([20, 20, 30, 30], _rectangle(20, 20, 30, 30), 0),
        'cut': ([170, 10, 30, 30], _rectangle(170, 10, 30, 30), 0),
        'under': ([110, 20, 30, 30], _rectangle(110, 20, 30, 30), 0),
        'over': ([125, 20, 30, 30], _rectangle(125, 20, 30, 30), 0),
        'tiny': ([70, 20, 6, 30], _rectangle(70, 20, 6, 30), 0),
        'in two': ([110, 80, 60, 20], _rectangle(110, 80, 20, 20) + _rectangle(150, 80, 20, 20), 0),
        'runs': ([60, 80, 40, 30], compressed, 0),
        'crowd': ([0, 0, 5, 120], crowd, 1),
    }
    data = {
        'images': [{'id': 1, 'file_name': 'p.png', 'width': 200, 'height': 120, 'split': 'train'}],
        'categories': [{'id': number, 'name': name} for number, name in enumerate(shapes)],
        'annotations': [
            {'id': number, 'image_id': 1, 'category_id': number, 'bbox': box, 'segmentation': shape, 'iscrowd': crowded}
            for number, (box, shape, crowded) in enumerate(shapes.values())
        ],
    }
    (tmp_path / 'a.json').write_text(json.dumps(data))
    return CocoInstanceSource(tmp_path / 'a.json', tmp_path, 'train')


def test_only_uncut_uncovered_objects_are_whole(coco: CocoInstanceSource) -> None:
    instances = coco.picture(0).instances
    assert {item.label for item in instances if item.whole} == {'whole', 'runs'}
    assert [item.label for item in instances].count(None) == 1


def test_masks_come_from_polygons_and_run_lengths_alike(coco: CocoInstanceSource) -> None:
    areas = {item.label: int(item.mask.sum()) for item in coco.picture(0).instances}
    assert areas['runs'] == 30 * 40
    assert areas['whole'] == pytest.approx(30 * 30, rel=0.1)
    assert areas[None] == 5 * 120


def test_cut_outs_are_whole_objects_with_a_soft_rim(coco: CocoInstanceSource) -> None:
    rng = np.random.default_rng(0)
    sprites = [coco.sprite(rng) for _ in range(20)]
    assert {sprite.label for sprite in sprites if sprite} == {'whole', 'runs'}
    alpha = next(sprite.alpha for sprite in sprites if sprite)
    assert alpha.max() == 1.0 and alpha[0].max() == 0.0 and np.any((alpha > 0.1) & (alpha < 0.9))


def test_a_split_without_pictures_and_a_broken_file_are_named(coco: CocoInstanceSource, tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match="split 'val'"):
        CocoInstanceSource(tmp_path / 'a.json', tmp_path, 'val')
    (tmp_path / 'bad.json').write_text('{"images": []')
    with pytest.raises(AnnotationError, match='bad.json'):
        CocoInstanceSource(tmp_path / 'bad.json', tmp_path)


@pytest.mark.parametrize('missing', ['segmentation', 'bbox'])
def test_an_annotation_that_lacks_a_field_is_a_fault_of_the_file(
    missing: str, coco: CocoInstanceSource, tmp_path: Path
) -> None:
    data = json.loads((tmp_path / 'a.json').read_text())
    del data['annotations'][3][missing]
    (tmp_path / 'a.json').write_text(json.dumps(data))
    with pytest.raises(AnnotationError, match=rf'a\.json: .*{missing}'):
        CocoInstanceSource(tmp_path / 'a.json', tmp_path, 'train')


def test_an_outline_that_is_none_is_named(coco: CocoInstanceSource, tmp_path: Path) -> None:
    data = json.loads((tmp_path / 'a.json').read_text())
    data['annotations'][3]['segmentation'] = {'counts': 'x'}
    (tmp_path / 'a.json').write_text(json.dumps(data))
    with pytest.raises(AnnotationError, match=r'a\.json: object 3 of image 1: expected the outline .* 200 x 120 px'):
        CocoInstanceSource(tmp_path / 'a.json', tmp_path, 'train').picture(0)


def test_a_picture_of_another_size_than_stated_is_refused(coco: CocoInstanceSource, tmp_path: Path) -> None:
    Image.new('RGB', (100, 60)).save(tmp_path / 'p.png')
    with pytest.raises(AnnotationError, match='200 x 120'):
        coco.picture(0)


def test_cutouts_are_cropped_to_what_is_visible(tmp_path: Path) -> None:
    rgba = np.zeros((50, 60, 4), np.uint8)
    rgba[10:30, 20:50] = (10, 200, 10, 255)
    Image.fromarray(rgba).save(tmp_path / 'leaf.png')
    Image.fromarray(np.zeros((9, 9, 4), np.uint8)).save(tmp_path / 'air.png')
    (tmp_path / 'index.csv').write_text('file,name,split\nleaf.png,leaf,train\nair.png,air,val\n')
    sprite = CutoutSource(tmp_path / 'index.csv', 'train').sprite(np.random.default_rng(0))
    assert sprite.label == 'leaf' and sprite.alpha.shape == (22, 32)
    with pytest.raises(ImageReadError, match='transparency'):
        CutoutSource(tmp_path / 'index.csv', 'val').sprite(np.random.default_rng(0))


def test_backgrounds_keep_to_their_split(tmp_path: Path) -> None:
    for name in ('a', 'b'):
        Image.new('RGB', (20, 10)).save(tmp_path / f'{name}.png')
    (tmp_path / 'list.csv').write_text('file,split\na.png,train\nb.png,val\n')
    source = BackgroundSource(tmp_path / 'list.csv', tmp_path, 'val')
    assert [source.picture(position).name for position in range(len(source))] == ['b.png']
    (tmp_path / 'list.txt').write_text('a.png\n')
    with pytest.raises(AnnotationError, match='plain list'):
        BackgroundSource(tmp_path / 'list.txt', tmp_path, 'val')


@pytest.mark.parametrize('kind', [BackgroundSource, CutoutSource])
def test_lists_of_other_programs(kind: type, tmp_path: Path) -> None:
    """Excel begins a CSV with a byte order mark; Latin-1 is refused."""
    options = {'image_root': tmp_path} if kind is BackgroundSource else {}
    text = 'file,name,split\ncafé.png,café,train\n'
    (tmp_path / 'list.csv').write_text(text, encoding='utf-8-sig')
    assert len(kind(tmp_path / 'list.csv', split='train', **options)) == 1
    (tmp_path / 'list.csv').write_text(text, encoding='latin-1')
    with pytest.raises(AnnotationError, match=r'list\.csv: expected UTF-8 text, found .*0xe9'):
        kind(tmp_path / 'list.csv', split='train', **options)


def test_cutouts_pass_the_checks_of_all_pictures(tmp_path: Path) -> None:
    Image.new('P', (4, 4)).save(tmp_path / 'leaf.gif')
    (tmp_path / 'index.csv').write_text('file,name\nleaf.gif,leaf\n')
    with pytest.raises(ImageReadError, match=r'leaf\.gif: expected one of PNG'):
        CutoutSource(tmp_path / 'index.csv').sprite(np.random.default_rng(0))


def test_masks_follow_their_picture_into_the_frame() -> None:
    image = np.zeros((200, 300, 3), np.uint8)
    mask = np.zeros((200, 300), bool)
    mask[60:140, 90:210] = True
    image[mask] = 255
    for seed in range(12):
        framed, instances = frame_picture(
            Picture('p', image, (Instance('box', mask),)), 150, np.random.default_rng(seed)
        )
        assert max(framed.shape) == 150
        agree = (framed[..., 0] > 127) == instances[0].mask
        assert agree.mean() > 0.98
        touches = instances[0].mask[:, [0, -1]].any() or instances[0].mask[[0, -1]].any()
        assert not (touches and instances[0].whole)
