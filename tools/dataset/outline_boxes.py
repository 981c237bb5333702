"""Gives the boxed objects of a COCO file outlines, so that pairs can be made of them.

    python tools/dataset/outline_boxes.py found.json --images SOURCES/photos --out SOURCES/detected.json --keep-boxes

Objects are told from the ground by their colours (GrabCut). Where that gives no plausible outline, the object is left
out, or kept with a rounded box in two halves: then it may be repainted, but is never cut out, moved or removed.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from tqdm import tqdm

from difftracker.errors import AnnotationError, DiffTrackerError
from difftracker.synthesis.box_outline import outline_box, rounded_halves
from difftracker.utils.files import write_json
from difftracker.utils.image_io import read_image
from difftracker.utils.processes import ordered_map


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('annotations', type=Path, help='COCO instances file whose objects have boxes')
    parser.add_argument('--images', type=Path, required=True, help='folder that the file names are relative to')
    parser.add_argument('--out', type=Path, required=True, help='COCO instances file to write')
    parser.add_argument('--keep-boxes', action='store_true', help='keep objects without an outline for repainting')
    parser.add_argument('--workers', type=int, default=1, help='processes')
    args = parser.parse_args(argv)
    if args.workers < 1:
        parser.error(f'expected --workers of at least 1, found {args.workers}')
    return args


def outline_objects(picture: tuple[Path, list[list[float]]], keep_boxes: bool) -> list[dict[str, Any] | None]:
    """Returns the fields `segmentation`, `bbox` and `area` of each object; None where it is left out.

    Args:
        picture: The file, and the boxes of its objects, `[x, y, width, height]` in px.
        keep_boxes: Whether objects without an outline are kept.
    """
    file, boxes = picture
    image = read_image(file)
    found = []
    for x, y, width, height in boxes:
        box = (x, y, x + width, y + height)
        mask = outline_box(image, box)
        if mask is not None:
            runs = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
            own_box = [float(value) for value in coco_mask.toBbox(runs)]
            segmentation = {'size': list(runs['size']), 'counts': runs['counts'].decode('ascii')}
            found.append({'segmentation': segmentation, 'bbox': own_box, 'area': int(mask.sum())})
        elif keep_boxes:
            halves = rounded_halves(box)
            runs = coco_mask.merge(coco_mask.frPyObjects(halves, *image.shape[:2]))
            found.append({'segmentation': halves, 'bbox': [x, y, width, height], 'area': int(coco_mask.area(runs))})
        else:
            found.append(None)
    return found


def outline_file(args: argparse.Namespace) -> dict[str, Any]:
    """Returns the contents of the file to write."""
    try:
        data = json.loads(args.annotations.read_text(encoding='utf-8'))
        objects = {image['id']: [] for image in data['images']}
        for annotation in data['annotations']:
            objects[annotation['image_id']].append(annotation)
        pictures = [
            (args.images / image['file_name'], [_box(item['bbox']) for item in objects[image['id']]])
            for image in data['images']
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AnnotationError(
            args.annotations, f'expected a COCO instances file with boxes, found {error!r}'
        ) from error
    outline = partial(outline_objects, keep_boxes=args.keep_boxes)
    done = list(tqdm(ordered_map(outline, pictures, args.workers), total=len(pictures), unit='picture'))
    annotations = [
        {**annotation, **fields}
        for image, outlines in zip(data['images'], done, strict=True)
        for annotation, fields in zip(objects[image['id']], outlines, strict=True)
        if fields is not None
    ]
    named = {annotation['image_id'] for annotation in annotations}
    return {**data, 'images': [image for image in data['images'] if image['id'] in named], 'annotations': annotations}


def _box(values: list[float]) -> list[float]:
    """Returns `[x, y, width, height]`; raises ValueError where that is no box."""
    x, y, width, height = (float(value) for value in values)
    if not (math.isfinite(x + y) and 0 < width < math.inf and 0 < height < math.inf):
        raise ValueError(f'bbox {values}')
    return [x, y, width, height]


def main(argv: list[str] | None = None) -> int:
    """Writes the file; returns the exit code."""
    args = parse_args(argv)
    try:
        data = outline_file(args)
        write_json(args.out, data)
    except DiffTrackerError as error:
        print(error, file=sys.stderr)
        return 1
    cut = sum(isinstance(annotation['segmentation'], dict) for annotation in data['annotations'])
    print(f'{args.out}: {len(data["annotations"])} objects in {len(data["images"])} pictures, {cut} with an outline')
    return 0


if __name__ == '__main__':
    sys.exit(main())
