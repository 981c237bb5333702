"""Referring expressions of single images, read from each of the forms in which they are passed around."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from difftracker.errors import AnnotationError
from difftracker.utils.coco_outlines import outline_mask

from .boxes import corners
from .plain_pickle import read_plain_pickle
from .source_files import field, read_json, read_lines

# A box of the lines form is that of a COCO object up to rounding.
BOX_TOLERANCE = 1.0
_LAST_NUMBER = re.compile(r'(\d+)(?=\.\w+$)')


@dataclass(frozen=True)
class Reference:
    """An object and what people call it.

    Attributes:
        ref_id: Its number in the set.
        annotation: Number of the object in `instances.json`.
        texts: The expressions as people wrote them.
    """

    ref_id: int
    annotation: int
    texts: tuple[str, ...]


class ReferringSet:
    """RefCOCO, RefCOCO+, RefCOCOg and sets of their form.

    `instances.json` holds the images and objects in COCO's form. The expressions come from one of

    - `refs(<who>).p`, a pickle, or the same list as JSON: `ref_id`, `ann_id`, `image_id`, `split` and `sentences` of
      each object;
    - a file of JSON lines, one object each with the same fields (its split is the file's), as ReCLIP has them;
    - a file of JSON lines, one expression each: `image`, `sent` and `bbox` (corners), as Qwen-VL has them. The object
      is the one of the image with that box.

    Args:
        instances: The file `instances.json`.
        references: The file with the expressions.
    """

    def __init__(self, instances: Path, references: Path) -> None:
        self.instances = instances
        self.references = references
        content = read_json(instances, dict)
        lists = {name: field(content, name, list, instances) for name in ('images', 'annotations', 'categories')}
        self.images = {field(item, 'id', int, instances): item for item in lists['images']}
        self.annotations = {field(item, 'id', int, instances): item for item in lists['annotations']}
        self.names = {
            field(item, 'id', int, instances): field(item, 'name', str, instances) for item in lists['categories']
        }
        self.objects: dict[int, list[int]] = defaultdict(list)
        for number, item in self.annotations.items():
            self.objects[field(item, 'image_id', int, instances)].append(number)

    @property
    def splits(self) -> list[str]:
        """Names of the splits, in the order of the file."""
        return list(self._by_split)

    def of(self, split: str) -> dict[int, list[Reference]]:
        """Returns the references of a split by image number."""
        return self._by_split[split]

    def label(self, annotation: int) -> str:
        """Returns the name of an object's category."""
        number = field(self.annotations[annotation], 'category_id', int, self.instances)
        if number not in self.names:
            raise AnnotationError(self.instances, f'expected the category {number} of object {annotation}, found none')
        return self.names[number]

    def mask(self, annotation: int, width: int, height: int) -> np.ndarray:
        """Returns an object's mask, `(height, width)` bool; empty where its outline has no area.

        Raises:
            AnnotationError: The outline is missing, damaged or of another size.
        """
        try:
            return outline_mask(self.annotations[annotation].get('segmentation'), height, width)
        except ValueError as error:
            raise AnnotationError(self.instances, f'object {annotation}: {error}') from error

    @cached_property
    def _by_split(self) -> dict[str, dict[int, list[Reference]]]:
        found: dict[str, dict[int, list[Reference]]] = {}
        for split, image, reference in self._entries():
            if reference.annotation not in self.annotations or image not in self.images:
                reason = (
                    f'expected object {reference.annotation} and image {image} in {self.instances}, found one missing'
                )
                raise AnnotationError(self.references, reason)
            found.setdefault(split, {}).setdefault(image, []).append(reference)
        return found

    def _entries(self) -> list[tuple[str, int, Reference]]:
        """Returns split, image number and reference of each object."""
        path = self.references
        if path.suffix == '.jsonl':
            lines = [(f'{path}:{number}', _json_object(text, f'{path}:{number}')) for number, text in read_lines(path)]
            split = path.stem.rsplit('_', 1)[-1]
            if lines and 'bbox' in lines[0][1] and 'ann_id' not in lines[0][1]:
                return self._boxed(lines, split)
            return [self._entry(item, where, split) for where, item in lines]
        content = read_json(path, list) if path.suffix == '.json' else read_plain_pickle(path)
        if not isinstance(content, list):
            raise AnnotationError(path, f'expected a list of references, found {type(content).__name__}')
        return [self._entry(item, f'{path}: reference {number}') for number, item in enumerate(content)]

    def _entry(self, item: Any, where: str, split: str | None = None) -> tuple[str, int, Reference]:
        spoken = field(item, 'sentences', list, where)
        texts = tuple(_words(sentence, where) for sentence in spoken)
        numbers = (field(item, name, int, where) for name in ('ref_id', 'ann_id'))
        return (
            split or field(item, 'split', str, where),
            field(item, 'image_id', int, where),
            Reference(*numbers, texts),
        )

    def _boxed(self, lines: list[tuple[str, dict]], split: str) -> list[tuple[str, int, Reference]]:
        """Finds the object of each box and gathers its expressions."""
        texts: dict[tuple[int, int], list[str]] = {}
        for where, item in lines:
            match = _LAST_NUMBER.search(field(item, 'image', str, where))
            image = int(match[1]) if match else -1
            box = np.array(field(item, 'bbox', list, where), dtype=float)
            candidates = self.objects.get(image, [])
            gaps = [np.abs(corners(self.annotations[number].get('bbox'), where) - box).max() for number in candidates]
            if not gaps or min(gaps) > BOX_TOLERANCE:
                raise AnnotationError(where, f'expected the box of an object of image {image}, found {box.tolist()}')
            number = candidates[int(np.argmin(gaps))]
            texts.setdefault((image, number), []).append(field(item, 'sent', str, where))
        return [
            (split, image, Reference(place, number, tuple(said)))
            for place, ((image, number), said) in enumerate(texts.items())
        ]


def _words(sentence: Any, where: str) -> str:
    """Returns an expression as it was written; `sent` is the same in lower case and without punctuation."""
    raw = sentence.get('raw') if isinstance(sentence, dict) else None
    return raw if isinstance(raw, str) and raw.strip() else field(sentence, 'sent', str, where)


def _json_object(text: str, where: str) -> dict:
    try:
        item = json.loads(text)
    except ValueError as error:
        raise AnnotationError(where, f'expected a JSON object, found other text ({error})') from error
    if not isinstance(item, dict):
        raise AnnotationError(where, f'expected a JSON object, found {type(item).__name__}')
    return item
