"""RC-3D: photographs of real scenes taken from two places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from difftracker.errors import AnnotationError
from difftracker.structures import Change

from .boxes import box_in, corners
from .converted_pair import ConvertedPair
from .converter import UNKNOWN_KIND, Converter
from .source_files import field, read_json

PARTS = ('part1', 'part2', 'part3', 'part4')


class Rc3d(Converter):
    """Reads RC-3D of The Change You Want to See (Now in 3D) (Sachdeva and Zisserman, ICCVW 2023).

    Each of `part1` to `part4` has images and `coco_annotations.json`. Its images come in threes, and so do its
    annotations; the first and the third of each three are a pair with one change, as in the set's own loader.

    Args:
        root: The folder that holds the parts.
    """

    NAME: ClassVar[str] = 'rc-3d'
    SUMMARY: ClassVar[str] = 'CYWS-3D RC-3D, real scenes, moved camera: part1/ to part4/ with coco_annotations.json'
    SOURCE: ClassVar[str] = 'RC-3D'
    LICENSE: ClassVar[str] = 'not stated'
    HAS_SENTENCES: ClassVar[bool] = False

    def splits(self) -> Sequence[str]:
        """Returns `test`, the only split."""
        return ['test']

    def items(self, split: str) -> Sequence[tuple[str, tuple[Path, list, list]]]:
        """Returns images and annotations of each pair."""
        found = []
        for part in (part for part in PARTS if (self.root / part).is_dir()):
            path = self.root / part / 'coco_annotations.json'
            content = read_json(path, dict)
            images, annotations = (field(content, name, list, path) for name in ('images', 'annotations'))
            if len(images) != len(annotations) or len(images) % 3:
                reason = (
                    f'expected threes of images and as many annotations, found {len(images)} and {len(annotations)}'
                )
                raise AnnotationError(path, reason)
            for start in range(0, len(images), 3):
                ends = (start, start + 2)
                chosen = [images[place] for place in ends], [annotations[place] for place in ends]
                found.append((f'rc3d-{part}-{start // 3:04d}', (path, *chosen)))
        if not found:
            raise AnnotationError(self.root, f'expected folders {", ".join(PARTS)}, found none with images')
        return found

    def convert(self, pair_id: str, item: tuple[Path, list[Any], list[Any]]) -> ConvertedPair:
        """Converts one pair."""
        path, images, annotations = item
        where = f'{path}: {pair_id}'
        pictures, boxes = [], []
        for image, annotation in zip(images, annotations, strict=True):
            picture = self.picture(self.file(field(image, 'file_name', str, where), where, path.parent))
            pictures.append(picture)
            boxes.append(box_in(picture, corners(field(annotation, 'bbox', list, where), where), where))
        return ConvertedPair(*pictures, (Change(0, UNKNOWN_KIND, *boxes),))
