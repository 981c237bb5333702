"""The COCO file that a benchmark is built from: checked, divided into parts, and brought into one canonical order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from difftracker.benchmark.definition import BenchmarkDefinition
from difftracker.benchmark.split_rule import assign_parts, picture_share, release_of
from difftracker.errors import AnnotationError

_IMAGE_FIELDS = ('id', 'file_name', 'width', 'height', 'license', 'coco_url')
_OBJECT_FIELDS = ('id', 'image_id', 'category_id', 'bbox', 'segmentation', 'area', 'iscrowd')
_NAMED = 10


class InstanceFile:
    """Reads a COCO instances file and gives each part its pictures and objects.

    What a part holds does not depend on the order of the file, nor on fields that the generator does not read.

    Args:
        path: COCO instances JSON.
        definition: The benchmark.
        rule: Split rule, see `assign_parts`.

    Raises:
        AnnotationError: The file is missing, not JSON, or no COCO instances file.
        ConfigError: A picture lacks what the rule goes by.
    """

    def __init__(self, path: str | Path, definition: BenchmarkDefinition, rule: str) -> None:
        self.path = Path(path)
        self.definition = definition
        self.rule = rule
        self._data = _read(self.path)
        self._homes = assign_parts(self._data['images'], rule, definition.train_share)

    def count(self, part: str) -> int:
        """Returns the number of pictures that the rule gives to a part, before any limit."""
        return sum(home == part for home in self._homes.values())

    def check_releases(self) -> None:
        """Makes sure that the file is a whole COCO release.

        Raises:
            AnnotationError: The number of pictures of a release is not that of the definition.
        """
        found: dict[str | None, int] = {}
        for image in self._data['images']:
            found[release_of(image)] = found.get(release_of(image), 0) + 1
        wrong = [name for name, number in found.items() if self.definition.releases.get(str(name)) != number]
        if wrong:
            whole = ' or '.join(f'{number} pictures of {name}' for name, number in self.definition.releases.items())
            told = ', '.join(f'{number} of {name}' for name, number in found.items())
            raise AnnotationError(
                self.path, f'the preset full expects {whole}, found {told}; for a part of COCO use the preset subset'
            )

    def part(self, part: str) -> dict:
        """Returns a part as a COCO file in canonical order, limited to the part's pool of pictures.

        Raises:
            AnnotationError: The rule gives no picture to the part.
        """
        images = [image for image in self._data['images'] if self._homes[image['id']] == part]
        if not images:
            counts = ', '.join(f'{self.count(name)} of {name}' for name in sorted(set(self._homes.values())))
            raise AnnotationError(
                self.path, f'expected pictures of the part {part} under the split rule {self.rule}, found {counts}'
            )
        pool = self.definition.pools.get(part, len(images))
        images = sorted(images, key=lambda image: (picture_share(image['id'], 'pool'), image['id']))[:pool]
        kept = {image['id'] for image in images}
        objects = [_only(item, _OBJECT_FIELDS) for item in self._data['annotations'] if item['image_id'] in kept]
        return {
            'licenses': sorted(self._data.get('licenses', ()), key=_canonical),
            'images': sorted((_only(image, _IMAGE_FIELDS) for image in images), key=lambda image: image['id']),
            'annotations': sorted(objects, key=lambda item: (item['image_id'], item['id'], _canonical(item))),
            'categories': sorted((_only(item, ('id', 'name')) for item in self._data['categories']), key=_canonical),
        }


def part_content(part: dict) -> bytes:
    """Returns a part as the content of a COCO file, the same bytes for the same part."""
    return _canonical(part).encode()


def check_pictures(part: dict, folder: str | Path) -> None:
    """Makes sure that every picture of a part is there.

    Raises:
        AnnotationError: The folder or pictures in it are missing; names the first ones.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise AnnotationError(folder, 'expected the folder of the pictures, found no folder of that name')
    missing = [image['file_name'] for image in part['images'] if not (folder / image['file_name']).is_file()]
    if missing:
        more = f' and {len(missing) - _NAMED} more' if len(missing) > _NAMED else ''
        raise AnnotationError(
            folder,
            f'expected {len(part["images"])} pictures, found {len(missing)} of them missing: '
            f'{", ".join(missing[:_NAMED])}{more}',
        )


def digest_pictures(part: dict, folder: str | Path, progress: Callable[[Sequence[Any]], Iterable[Any]] = iter) -> str:
    """Returns one SHA-256 over the ids and file contents of a part's pictures.

    Args:
        part: As `InstanceFile.part` gives it.
        folder: Where the pictures are.
        progress: Wraps the list of pictures, to show progress.
    """
    total = hashlib.sha256()
    for image in progress(part['images']):
        content = (Path(folder) / image['file_name']).read_bytes()
        total.update(f'{image["id"]} {hashlib.sha256(content).hexdigest()}\n'.encode())
    return total.hexdigest()


def _canonical(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(',', ':'))


def _only(item: dict, names: tuple[str, ...]) -> dict:
    return {name: item[name] for name in names if name in item}


def _read(path: Path) -> dict:
    """Reads the file and makes sure that the generator can work with it."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise AnnotationError(path, f'expected a COCO instances file, found: {error.strerror}') from error
    except (ValueError, RecursionError) as error:
        raise AnnotationError(path, f'expected a COCO instances file in JSON, found other text ({error})') from error
    for name in ('images', 'annotations', 'categories'):
        if not isinstance(data, dict) or not isinstance(data.get(name), list) or not data[name]:
            found = sorted(data) if isinstance(data, dict) else type(data).__name__
            raise AnnotationError(
                path, f'expected a COCO instances file with a list of {name}, found {found}; captions will not do'
            )
    _check_items(path, data['images'], 'images', {'id': int, 'file_name': str, 'width': int, 'height': int})
    _check_items(path, data['categories'], 'categories', {'id': int, 'name': str})
    fields = {'id': int, 'image_id': int, 'category_id': int, 'bbox': list, 'segmentation': (list, dict)}
    _check_items(path, data['annotations'], 'annotations', fields)
    for name in ('images', 'categories'):
        ids = [item['id'] for item in data[name]]
        if len(ids) != len(set(ids)):
            raise AnnotationError(path, f'expected {name} with ids of their own, found an id twice')
    unknown = {item['category_id'] for item in data['annotations']} - {item['id'] for item in data['categories']}
    if unknown:
        raise AnnotationError(path, f'expected annotations of known categories, found category_id {min(unknown)}')
    return data


def _check_items(path: Path, items: list, name: str, fields: dict[str, Any]) -> None:
    for position, item in enumerate(items):
        for field, kind in fields.items():
            value = item.get(field) if isinstance(item, dict) else None
            if not isinstance(value, kind) or isinstance(value, bool):
                raise AnnotationError(path, f'{name}[{position}]: expected a field {field}, found {value!r:.60}')
        if name == 'annotations' and not _is_outline(item['bbox'], item['segmentation']):
            reason = 'expected a box of four numbers and polygons or run lengths'
            raise AnnotationError(path, f'{name}[{position}] (id {item["id"]}): {reason}, found others')


def _is_outline(box: list, segmentation: list | dict) -> bool:
    if len(box) != 4 or not all(isinstance(value, (int, float)) for value in box):
        return False
    if isinstance(segmentation, dict):
        return isinstance(segmentation.get('counts'), (list, str)) and isinstance(segmentation.get('size'), list)
    return all(
        isinstance(polygon, list)
        and len(polygon) % 2 == 0
        and all(isinstance(value, (int, float)) for value in polygon)
        for polygon in segmentation
    )
