"""COCO-Inpainted: photographs out of which objects were inpainted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from difftracker.errors import AnnotationError
from difftracker.structures import Change

from .boxes import box_in
from .coco_categories import COCO_CATEGORIES
from .converted_pair import ConvertedPair
from .converter import Converter
from .plain_pickle import read_object_array, read_plain_pickle
from .source_files import field

# Name of a split here -> folder of the set that holds it, and its name there.
_SPLITS = {
    'train': ('train', 'train'),
    'val': ('train', 'val'),
    'test_small': ('test/small', 'test'),
    'test_medium': ('test/medium', 'test'),
    'test_large': ('test/large', 'test'),
}
_INPAINTED = re.compile(r'(\d+)_mask(\d*)')


@dataclass(frozen=True)
class _Version:
    """One inpainted version of a photograph; `bits` says which of its objects are gone, None for all of them."""

    folder: Path
    index: str
    inpainted: Path
    bits: int | None


class CocoInpainted(Converter):
    """Reads COCO-Inpainted of The Change You Want to See (Sachdeva and Zisserman, WACV 2023).

    `images_and_masks/<index>.png` is the photograph, `inpainted/<index>_mask<bits>.png` a version of it without some of
    the objects that `metadata/<index>.npy` lists in COCO's form: the highest of the bits stands for the first object of
    the list; no number means all objects. A pair is the photograph and one version, and every missing object a removal.
    Boxes come from the objects' polygons, as in the set's own loader.

    Args:
        root: The folder that holds `train` and `test`.
    """

    NAME: ClassVar[str] = 'coco-inpainted'
    SUMMARY: ClassVar[str] = 'CYWS COCO-Inpainted, removed objects: train/ and test/{small,medium,large}/'
    SOURCE: ClassVar[str] = 'COCO-Inpainted'
    LICENSE: ClassVar[str] = 'not stated; photographs under the COCO terms of use'
    HAS_SENTENCES: ClassVar[bool] = False

    def splits(self) -> Sequence[str]:
        """Returns those of the splits whose folder is there."""
        return [split for split, (folder, _) in _SPLITS.items() if (self.root / folder / 'data_split.pkl').is_file()]

    def items(self, split: str) -> Sequence[tuple[str, _Version]]:
        """Returns every inpainted version of the photographs of a split."""
        name, part = _SPLITS[split]
        folder = self.root / name
        path = folder / 'data_split.pkl'
        indices = field(read_plain_pickle(path), part, list, path)
        versions: dict[str, list[_Version]] = {}
        for file in sorted((folder / 'inpainted').glob('*_mask*')):
            match = _INPAINTED.fullmatch(file.stem)
            if match:
                bits = int(match[2]) if match[2] else None
                versions.setdefault(match[1], []).append(_Version(folder, match[1], file, bits))
        found = []
        for index in map(str, indices):
            # Where there is none, the whole-mask name stands for it, so that the pair is listed as broken.
            missing = _Version(folder, index, folder / 'inpainted' / f'{index}_mask.png', None)
            found += [(f'{split}-{item.inpainted.stem}', item) for item in versions.get(index, [missing])]
        return found

    def convert(self, pair_id: str, item: _Version) -> ConvertedPair:
        """Converts a photograph and one inpainted version of it."""
        original = item.folder / 'images_and_masks' / f'{item.index}.png'
        before, after = self.picture(original), self.picture(item.inpainted)
        metadata = item.folder / 'metadata' / f'{item.index}.npy'
        objects = _objects(metadata)
        bits = 2 ** len(objects) - 1 if item.bits is None else item.bits
        if not 0 < bits < 2 ** len(objects):
            reason = f'expected a number that picks some of the {len(objects)} objects of {metadata}, found {bits}'
            raise AnnotationError(item.inpainted, reason)
        changes = []
        for place, entry in enumerate(objects):
            if not bits >> (len(objects) - 1 - place) & 1:
                continue
            extent = _extent(entry, f'{metadata}: object {place}')
            # Inpainting networks pad and crop: a version may be some pixels larger or smaller than its photograph.
            boxes = (box_in(picture, extent, str(metadata), before.stored_size) for picture in (before, after))
            label = COCO_CATEGORIES.get(entry.get('category_id'))
            changes.append(Change(len(changes), 'remove', *boxes, label))
        return ConvertedPair(before, after, tuple(changes), extra={'picture': item.index})


@lru_cache(maxsize=1)
def _objects(path: Path) -> list[dict]:
    """Reads the objects of a photograph; its versions follow one another."""
    objects = read_object_array(path)
    if not isinstance(objects, list) or not objects:
        raise AnnotationError(path, f'expected a list of objects, found {objects!r}')
    return objects


def _extent(entry: Any, where: str) -> list[float]:
    """Returns `[x1, y1, x2, y2]` around all polygons of an object."""
    polygons = field(entry, 'segmentation', list, where)
    if not polygons or not all(isinstance(polygon, list) and len(polygon) >= 6 for polygon in polygons):
        raise AnnotationError(where, f'expected polygons of three points and more, found {polygons!r}')
    across = [value for polygon in polygons for value in polygon[0::2]]
    down = [value for polygon in polygons for value in polygon[1::2]]
    return [min(across), min(down), max(across), max(down)]
