"""Collects photographs of public sets in one folder, with an index for `detect_objects.py`.

    python tools/labelling/collect_pictures.py --caltech CALTECH/101_ObjectCategories --bsds BSDS500 \
        --imagenet FIRST --imagenet SECOND --out SOURCES/found

Writes `OUT/images/*.jpg` and `OUT/index.csv` (`file,label,split`). README.md says where the sets come from. Pictures of
Caltech-101 show one thing each, whose name becomes the label where COCO has such a name.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

# The categories of Caltech-101 that are categories of COCO, and how many of their pictures are taken: some hold
# hundreds that look much alike.
CALTECH = {
    'airplanes': ('airplane', 90),
    'Motorbikes': ('motorcycle', 80),
    'car_side': ('car', 70),
    'chair': ('chair', 99),
    'windsor_chair': ('chair', 99),
    'cellphone': ('cell phone', 99),
    'cup': ('cup', 99),
    'dalmatian': ('dog', 99),
    'elephant': ('elephant', 99),
    'ferry': ('boat', 99),
    'ketch': ('boat', 50),
    'schooner': ('boat', 50),
    'flamingo': ('bird', 40),
    'ibis': ('bird', 60),
    'pigeon': ('bird', 60),
    'rooster': ('bird', 60),
    'emu': ('bird', 30),
    'laptop': ('laptop', 99),
    'pizza': ('pizza', 99),
    'scissors': ('scissors', 99),
    'soccer_ball': ('sports ball', 99),
    'stop_sign': ('stop sign', 99),
    'umbrella': ('umbrella', 99),
    'bonsai': ('potted plant', 99),
    'wild_cat': ('cat', 99),
}
# The longer side of what is written, and the shorter side that a picture needs (px).
LONG_SIDE, SHORTEST_SIDE = 512, 120
SUFFIXES = ('.jpg', '.jpeg')


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


def pictures_of(args: argparse.Namespace) -> Iterator[tuple[Path, str, str]]:
    """Yields each picture, the name of its copy without suffix, and its label."""
    if args.caltech is not None:
        for category, (label, count) in CALTECH.items():
            for file in _files(args.caltech / category)[:count]:
                yield file, f'caltech-{category}-{file.stem}', label
    # The folders of BSDS500 and of ImageNet may hold others; every name is used once in each set.
    if args.bsds is not None:
        for file in _files(args.bsds):
            yield file, f'bsds-{file.stem}', ''
    for index, folder in enumerate(args.imagenet):
        for file in _files(folder):
            yield file, f'imagenet{index}-{file.stem}', ''


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
