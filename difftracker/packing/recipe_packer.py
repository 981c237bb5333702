"""The sources of a recipe on their way into a pack, under the paths that the recipe names."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from difftracker.errors import AnnotationError, ConfigError
from difftracker.packing.pack_settings import PackSettings
from difftracker.packing.pair_packer import pack_pairs
from difftracker.packing.picture_store import PackedPicture, PictureStore
from difftracker.synthesis.recipe import read_recipe
from difftracker.utils.coco_outlines import outline_mask
from difftracker.utils.file_list import read_file_list

KEPT_FIELDS = ('id', 'image_id', 'category_id', 'iscrowd')
CUTOUTS = 'cutouts/index.csv'


class RecipePacker:
    """Packs what recipes read, so that they work on the unpacked folder unchanged.

    Args:
        data_root: Folder that the recipes' paths are relative to.
        cutouts: Index of cut-outs, where a recipe asks for them.
        split: The split that is packed.
        settings: Sizes and qualities.
    """

    def __init__(self, data_root: Path, cutouts: Path | None, split: str, settings: PackSettings) -> None:
        self.data_root = data_root
        self.cutouts = cutouts
        self.split = split
        self.settings = settings
        self.store = PictureStore()
        self.texts: dict[str, str] = {}

    def add(self, recipe_file: Path) -> None:
        """Packs one recipe and its sources; sources of several recipes are packed once.

        Raises:
            ConfigError: The recipe or one of its sources is faulty, or two pictures want one name.
            AnnotationError: A list or annotation file of a source cannot be read, or states another size than that of
                a picture.
            ImageReadError: A picture cannot be read.
        """
        recipe = read_recipe(recipe_file)
        self.texts[f'recipes/{recipe_file.name}'] = recipe_file.read_text(encoding='utf-8')
        # Plain lists first: a photograph that a labelled set shares with them is kept at the smaller size.
        order = ('list', 'coco', 'screens', 'cutouts')
        for item in sorted((*recipe.pictures, *recipe.sprites), key=lambda item: order.index(self._kind(item))):
            {'coco': self._coco, 'list': self._list, 'screens': self._screens, 'cutouts': self._cutouts}[item['type']](
                {
                    key: value.replace('{split}', self.split) if isinstance(value, str) else value
                    for key, value in item.items()
                }
            )

    @staticmethod
    def _kind(item: dict) -> str:
        if item.get('type') not in ('list', 'coco', 'screens', 'cutouts'):
            raise ConfigError(f'recipe: expected sources of type coco, list, screens or cutouts, found {item}')
        return item['type']

    def _coco(self, item: dict[str, Any]) -> None:
        if item['annotations'] in self.texts:
            return
        path = self.data_root / item['annotations']
        try:
            data = json.loads(path.read_text(encoding='utf-8'))
            images = {
                image['id']: image
                for image in data['images']
                if not item.get('split_field') or image['split'] == self.split
            }
            packed = {number: self._coco_picture(item['images'], image) for number, image in images.items()}
            annotations = [
                _scaled_annotation(annotation, images[annotation['image_id']], packed[annotation['image_id']])
                for annotation in data['annotations']
                if annotation['image_id'] in packed
            ]
            categories = [{'id': category['id'], 'name': category['name']} for category in data['categories']]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AnnotationError(path, f'expected a COCO instances file, found {error!r}') from error
        kept = [
            {
                'id': number,
                'file_name': _webp(image['file_name']),
                'width': packed[number].width,
                'height': packed[number].height,
                'split': self.split,
            }
            for number, image in images.items()
        ]
        content = {'images': kept, 'annotations': annotations, 'categories': categories}
        self.texts[item['annotations']] = json.dumps(content, separators=(',', ':'))

    def _coco_picture(self, folder: str, image: dict) -> PackedPicture:
        name = image['file_name']
        side, quality = self.settings.labelled_side, self.settings.quality
        target = PurePosixPath(folder, _webp(name)).as_posix()
        packed = self.store.add(self.data_root / folder / name, target, side, quality)
        # The generator cannot find this out any more: in the pack each picture has the size that is stated.
        width, height = round(packed.width / packed.scale_x), round(packed.height / packed.scale_y)
        if (width, height) != (image['width'], image['height']):
            found = f'found {width} x {height}'
            raise AnnotationError(name, f'expected {image["width"]} x {image["height"]} px, {found}')
        return packed

    def _list(self, item: dict[str, Any]) -> None:
        path = self.data_root / item['index']
        by_split = item.get('split_field')
        listed = read_file_list(path, ('file', 'split') if by_split else ('file',))
        rows = [
            {key: row[key] for key in ('file', 'split') if key in row}
            for row in listed
            if not by_split or row['split'] == self.split
        ]
        for row in rows:
            name = _webp(row['file'])
            self.store.add(
                self.data_root / item['images'] / row['file'],
                PurePosixPath(item['images'], name).as_posix(),
                self.settings.photo_side,
                self.settings.quality,
            )
            row['file'] = name
        self.texts[item['index']] = _csv(rows) if path.suffix == '.csv' else ''.join(row['file'] + '\n' for row in rows)

    def _screens(self, item: dict[str, Any]) -> None:
        self.texts[item['annotations']] = pack_pairs(
            self.store,
            self.data_root / item['annotations'],
            self.data_root / item['root'],
            item['root'],
            None,
            self.settings.screen_quality,
            exact_if_smaller=True,
        )

    def _cutouts(self, item: dict[str, Any]) -> None:
        if CUTOUTS in self.texts:
            return
        if self.cutouts is None:
            raise ConfigError('pack: expected an index of cut-outs, which a recipe uses, found none given')
        rows = read_file_list(self.cutouts, ('file', 'name'))
        named = [(row['file'], row['name']) for row in rows if row.get('split', self.split) == self.split]
        kept = []
        for number, (file, name) in enumerate(named):
            target = f'{number:05d}.webp'
            self.store.add_cutout(
                self.cutouts.parent / file, f'cutouts/{target}', self.settings.cutout_side, self.settings.quality
            )
            kept.append({'file': target, 'name': name, 'split': self.split})
        self.texts[CUTOUTS] = _csv(kept)


def _webp(name: str) -> str:
    return PurePosixPath(name).with_suffix('.webp').as_posix()


def _csv(rows: list[dict[str, str]]) -> str:
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, rows[0] if rows else ['file'], lineterminator='\n')
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _scaled_annotation(annotation: dict[str, Any], image: dict, picture: PackedPicture) -> dict[str, Any]:
    """An instance in px of the packed picture."""
    scale = np.array([picture.scale_x, picture.scale_y])
    x, y, width, height = annotation['bbox']
    box = np.array([x, y, width, height]) * np.tile(scale, 2)
    kept = {key: annotation[key] for key in KEPT_FIELDS if key in annotation}
    segmentation = annotation['segmentation']
    if isinstance(segmentation, list):
        scaled = [(np.reshape(polygon, (-1, 2)) * scale).round(1).ravel().tolist() for polygon in segmentation]
    else:
        scaled = _scaled_runs(segmentation, image, picture)
    area = round(float(annotation['area'] * scale.prod()), 1)
    return {**kept, 'bbox': box.round(2).tolist(), 'area': area, 'segmentation': scaled}


def _scaled_runs(segmentation: dict, image: dict, picture: PackedPicture) -> dict:
    """Run lengths in px of the packed picture."""
    mask = outline_mask(segmentation, image['height'], image['width']).astype(np.uint8)
    mask = cv2.resize(mask, (picture.width, picture.height), interpolation=cv2.INTER_NEAREST)
    packed = coco_mask.encode(np.asfortranarray(mask))
    return {'size': packed['size'], 'counts': packed['counts'].decode('ascii')}
