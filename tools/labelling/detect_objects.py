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
import zlib
from pathlib import Path

import numpy as np
from found_objects import FoundObject, objects_of, windows_of
from PIL import Image
from tqdm import tqdm


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('index', type=Path, help='CSV with a column file, and split')
    parser.add_argument('--root', type=Path, required=True, help='folder that the files are relative to')
    parser.add_argument('--split', required=True, help='which pictures, by the column split')
    parser.add_argument('--detector', type=Path, required=True, help='folder of the TensorFlow.js model')
    parser.add_argument('--categories', type=Path, required=True, help='COCO instances file that names the categories')
    parser.add_argument('--out', type=Path, required=True, help='COCO instances file to write')
    parser.add_argument('--score', type=float, default=0.42, help='what an object needs')
    parser.add_argument('--side', type=float, default=16, help='shorter side that an object needs (px)')
    parser.add_argument('--common', type=int, default=1, help='COCO id of what is everywhere and is thinned out')
    parser.add_argument('--common-score', type=float, default=0.6, help='what an object of that id needs')
    return parser.parse_args(argv)


def thin_out(found: list[FoundObject], common: int, rng: np.random.Generator) -> list[FoundObject]:
    """Keeps one common object beside others; of pictures with nothing else, half keep two and half none."""
    others = [item for item in found if item.category != common]
    same = [item for item in found if item.category == common]
    if others:
        return others + [same[index] for index in rng.permutation(len(same))[:1]]
    return same[:2] if rng.random() < 0.5 else []


def detect(args: argparse.Namespace) -> dict:
    """Returns the contents of the COCO file; pictures in which nothing is kept are left out."""
    # Here, so that --help answers without TensorFlow's start.
    from ssd_detector import SsdDetector

    detector = SsdDetector(args.detector)
    categories = json.loads(args.categories.read_text(encoding='utf-8'))['categories']
    with args.index.open(encoding='utf-8', newline='') as lines:
        files = [row['file'] for row in csv.DictReader(lines) if row['split'] == args.split]
    images, annotations = [], []
    for file in tqdm(files, unit='picture'):
        picture = np.asarray(Image.open(args.root / file).convert('RGB'))
        height, width = picture.shape[:2]
        windows = windows_of(width, height)
        scores, boxes = detector([picture[y : y + down, x : x + across] for x, y, across, down in windows])
        found = [
            item
            for item in objects_of(scores, boxes, windows, args.score)
            if min(item.box[2] - item.box[0], item.box[3] - item.box[1]) >= args.side
            and (item.category != args.common or item.score >= args.common_score)
        ]
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


def main(argv: list[str] | None = None) -> None:
    """Writes the file."""
    args = parse_args(argv)
    found = detect(args)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(found), encoding='utf-8')
    print(f'{args.out}: {len(found["annotations"])} objects in {len(found["images"])} pictures')


if __name__ == '__main__':
    main()
