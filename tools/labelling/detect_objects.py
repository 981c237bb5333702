"""Finds objects in photographs without labels, with a detector that was trained on COCO.

    .venv-labels/bin/python tools/labelling/detect_objects.py SOURCES/photos/photos.csv --root SOURCES/photos \
        --split train --detector DETECTOR/package/models/coco-ssd \
        --categories SOURCES/coco-subset/annotations/instances.json --out found.json

What comes out is a COCO instances file with boxes and scores, and no outlines; `outline_boxes.py` adds these. README.md
says which environment this needs.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from difftracker.errors import AnnotationError, DiffTrackerError, ImageReadError
from difftracker.utils.files import write_json
from tools.labelling.found_objects import LABEL_SCORE, FoundObject, believed, objects_of, windows_of


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('index', type=Path, help='CSV with the columns file and split, and perhaps label')
    parser.add_argument('--root', type=Path, required=True, help='folder that the files are relative to')
    parser.add_argument('--split', required=True, help='which pictures, by the column split')
    parser.add_argument('--detector', type=Path, required=True, help='folder of the TensorFlow.js model')
    parser.add_argument('--categories', type=Path, required=True, help='COCO instances file that names the categories')
    parser.add_argument('--out', type=Path, required=True, help='COCO instances file to write')
    parser.add_argument('--score', type=float, default=0.42, help='what an object needs')
    parser.add_argument('--side', type=float, default=16, help='shorter side that an object needs (px)')
    parser.add_argument(
        '--common', type=int, default=1, help='COCO id of what is everywhere and is thinned out, 0 for none'
    )
    parser.add_argument('--common-score', type=float, default=0.6, help='what an object of that id needs')
    return parser.parse_args(argv)


def thin_out(found: list[FoundObject], common: int, rng: np.random.Generator) -> list[FoundObject]:
    """Keeps one common object beside others; of pictures with nothing else, half keep two and half none."""
    others = [item for item in found if item.category != common]
    same = [item for item in found if item.category == common]
    if others:
        return others + [same[index] for index in rng.permutation(len(same))[:1]]
    return same[:2] if rng.random() < 0.5 else []


def read_index(file: Path, split: str) -> list[tuple[str, str]]:
    """Returns the path and the label of each picture of a split; the label is '' where none is given."""
    try:
        with file.open(encoding='utf-8', newline='') as lines:
            return [(row['file'], row.get('label') or '') for row in csv.DictReader(lines) if row['split'] == split]
    except (OSError, UnicodeDecodeError, KeyError) as error:
        raise AnnotationError(file, f'expected a CSV file with the columns file and split, found {error!r}') from error


def read_categories(file: Path) -> list[dict]:
    """Returns the categories of a COCO instances file."""
    try:
        categories = json.loads(file.read_text(encoding='utf-8'))['categories']
        return [{'id': int(item['id']), 'name': str(item['name'])} for item in categories]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AnnotationError(file, f'expected a COCO instances file with categories, found {error!r}') from error


def read_picture(file: Path) -> np.ndarray:
    """Returns a picture, `(H, W, 3)` uint8, RGB."""
    try:
        return np.asarray(Image.open(file).convert('RGB'))
    except (OSError, UnidentifiedImageError) as error:
        raise ImageReadError(file, f'expected a picture, found {error!r}') from error


def detect(args: argparse.Namespace) -> dict:
    """Returns the contents of the COCO file; pictures in which nothing is kept are left out."""
    pictures = read_index(args.index, args.split)
    categories = read_categories(args.categories)
    ids = {item['name']: item['id'] for item in categories}
    unknown = sorted({label for _, label in pictures} - {'', *ids})
    if unknown:
        raise AnnotationError(args.index, f'expected labels that {args.categories} names, found {unknown}')
    # Here, so that --help and a wrong file are answered without TensorFlow's start.
    from tools.labelling.ssd_detector import SsdDetector

    detector = SsdDetector(args.detector)
    images, annotations = [], []
    for file, label in tqdm(pictures, unit='picture'):
        picture = read_picture(args.root / file)
        height, width = picture.shape[:2]
        windows = windows_of(width, height)
        scores, boxes = detector([picture[y : y + down, x : x + across] for x, y, across, down in windows])
        found = [
            item
            for item in objects_of(scores, boxes, windows, min(args.score, LABEL_SCORE))
            if min(item.box[2] - item.box[0], item.box[3] - item.box[1]) >= args.side
        ]
        if label:
            found = believed(found, ids[label], args.common, width * height)
        else:
            found = [item for item in found if item.score >= needed_score(item, args)]
        kept = thin_out(found, args.common, np.random.default_rng(zlib.crc32(file.encode('utf-8'))))
        if not kept:
            continue
        images.append({'id': len(images) + 1, 'file_name': file, 'width': width, 'height': height})
        for item in kept:
            x1, y1, x2, y2 = (round(value, 1) for value in item.box)
            box = [x1, y1, round(x2 - x1, 1), round(y2 - y1, 1)]
            annotations.append(
                {
                    'id': len(annotations) + 1,
                    'image_id': len(images),
                    'category_id': item.category,
                    'iscrowd': 0,
                    'bbox': box,
                    'area': box[2] * box[3],
                    'score': round(item.score, 3),
                }
            )
    return {'images': images, 'annotations': annotations, 'categories': categories}


def needed_score(item: FoundObject, args: argparse.Namespace) -> float:
    """Returns the score that an object needs in a picture that may show anything."""
    return args.common_score if item.category == args.common else args.score


def main(argv: list[str] | None = None) -> int:
    """Writes the file; returns the exit code."""
    args = parse_args(argv)
    try:
        found = detect(args)
        write_json(args.out, found)
    except DiffTrackerError as error:
        print(error, file=sys.stderr)
        return 1
    print(f'{args.out}: {len(found["annotations"])} objects in {len(found["images"])} pictures')
    return 0


if __name__ == '__main__':
    sys.exit(main())
