"""Annotated pairs of pictures on their way into a pack."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any

from difftracker.datasets.annotations import parse_record
from difftracker.packing.picture_store import PackedPicture, PictureStore
from difftracker.utils.files import read_jsonl


def pack_pairs(
    store: PictureStore,
    annotations: Path,
    root: Path,
    target: str,
    long_side: int | None,
    quality: int,
    exact_if_smaller: bool = False,
    count: int | None = None,
) -> str:
    """Adds the pictures of an annotation file to the store and returns the file as it must be for them.

    Args:
        store: Takes the pictures.
        annotations: File in the annotation format.
        root: Folder that its paths start from.
        target: Folder in the pack that the paths will start from.
        long_side: Longer side that no picture exceeds, in px; None keeps the size.
        quality, exact_if_smaller: As for `PictureStore.add`.
        count: Use the first so many pairs; None for all.

    Returns:
        The lines of the new annotation file.

    Raises:
        AnnotationError: The file breaks the format.
        ConfigError: Two pictures differ in the suffix of their name alone.
        ImageReadError: A picture cannot be read.
    """
    lines = []
    for line, record in read_jsonl(annotations):
        if count is not None and len(lines) == count:
            break
        parse_record(record, annotations, line)
        packed = {}
        for side in ('before', 'after'):
            name = PurePosixPath(record[side]).with_suffix('.webp').as_posix()
            packed[side] = store.add(root / record[side], f'{target}/{name}', long_side, quality, exact_if_smaller)
            record[side] = name
            record[f'{side}_size'] = [packed[side].width, packed[side].height]
        for change in record['changes']:
            for side in ('before', 'after'):
                change[f'{side}_box'] = scaled_box(change[f'{side}_box'], packed[side])
        _scale_scene(record, packed['after'])
        lines.append(json.dumps(record, ensure_ascii=False, separators=(',', ':')) + '\n')
    return ''.join(lines)


def scaled_box(box: list[float] | None, picture: PackedPicture) -> list[float] | None:
    """Returns an xyxy box in px of the packed picture."""
    if box is None:
        return None
    x1, y1, x2, y2 = box
    values = (x1 * picture.scale_x, y1 * picture.scale_y, x2 * picture.scale_x, y2 * picture.scale_y)
    return [round(value, 2) for value in values]


def _scale_scene(record: dict[str, Any], after: PackedPicture) -> None:
    """The unchanged objects of a generated record stand in px of the after image, too."""
    for item in record.get('scene', {}).get('context', ()):
        item['box'] = scaled_box(item['box'], after)
