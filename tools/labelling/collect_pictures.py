"""Collects photographs of public sets in one folder, with an index for `detect_objects.py`.

    python tools/labelling/collect_pictures.py --caltech CALTECH/101_ObjectCategories --bsds BSDS500 \
        --imagenet FIRST --imagenet SECOND --out SOURCES/found

Writes `OUT/images/*.jpg` and `OUT/index.csv` (`file,label,split`). README.md says where the sets come from. A picture
of Caltech-101 and of ImageNet shows one thing, and its label is COCO's name of that; things without one are left out.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

# Which names of the sets mean one of COCO's categories, and how many pictures of it are taken where many look alike.
LABELS = Path(__file__).with_name('labels.csv')
# The longer side of what is written, and the shorter side that a picture needs (px).
LONG_SIDE, SHORTEST_SIDE = 512, 120
SUFFIXES = ('.jpg', '.jpeg')
# `n02099601_golden_retriever`, `n02084071_1234_dog`.
IMAGENET_NUMBERS = re.compile(r'^n\d+_(\d+_)?')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--caltech', type=Path, help='folder with one folder for each category of Caltech-101')
    parser.add_argument('--bsds', type=Path, help='folder with the photographs of BSDS500')
    parser.add_argument('--imagenet', type=Path, action='append', default=[], help='folder of ImageNet pictures')
    parser.add_argument('--out', type=Path, required=True, help='folder to write to')
    args = parser.parse_args(argv)
    for folder in (args.caltech, args.bsds, *args.imagenet):
        if folder is not None and not folder.is_dir():
            parser.error(f'expected a folder, found {folder}')
    return args


def read_labels(name: str) -> dict[str, tuple[str, int | None]]:
    """Returns the label of each name of a set, and how many pictures are taken; None for all."""
    with LABELS.open(encoding='utf-8', newline='') as lines:
        rows = [row for row in csv.DictReader(lines) if row['set'] == name]
    return {row['name']: (row['label'], int(row['count']) if row['count'] else None) for row in rows}


def pictures_of(args: argparse.Namespace) -> Iterator[tuple[Path, str, str]]:
    """Yields each picture, the name of its copy without suffix, and its label."""
    if args.caltech is not None:
        for category, (label, count) in read_labels('caltech').items():
            for file in _files(args.caltech / category)[:count]:
                yield file, f'caltech-{category}-{file.stem}', label
    if args.bsds is not None:
        for file in _files(args.bsds):
            yield file, f'bsds-{file.stem}', ''
    labels = read_labels('imagenet')
    for index, folder in enumerate(args.imagenet):
        for file in _files(folder):
            label, _ = labels.get(file.stem) or labels.get(IMAGENET_NUMBERS.sub('', file.stem)) or ('', None)
            if label:
                yield file, f'imagenet{index}-{file.stem}', label


def copy_picture(file: Path, copy: Path) -> bool:
    """Writes a picture as RGB with at most `LONG_SIDE` px; returns False for one that is too small."""
    image = Image.open(file).convert('RGB')
    if min(image.size) < SHORTEST_SIDE:
        return False
    image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    image.save(copy, quality=92)
    return True


def main(argv: list[str] | None = None) -> int:
    """Writes pictures and index; returns the exit code."""
    args = parse_args(argv)
    (args.out / 'images').mkdir(parents=True, exist_ok=True)
    rows = [
        (f'images/{name}.jpg', label, 'train')
        for file, name, label in pictures_of(args)
        if copy_picture(file, args.out / 'images' / f'{name}.jpg')
    ]
    with (args.out / 'index.csv').open('w', encoding='utf-8', newline='') as lines:
        writer = csv.writer(lines)
        writer.writerow(('file', 'label', 'split'))
        writer.writerows(rows)
    print(f'{args.out}: {len(rows)} pictures, {sum(label != "" for _, label, _ in rows)} with a label')
    return 0


def _files(folder: Path) -> list[Path]:
    """Returns the photographs in a folder and the folders in it, in order."""
    return sorted(file for file in folder.rglob('*') if file.suffix.lower() in SUFFIXES)


if __name__ == '__main__':
    sys.exit(main())
