"""Small made-up sources: pictures of plain shapes with COCO masks, cut-outs, screenshots."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

COLOURS = ((200, 40, 40), (40, 160, 60), (40, 70, 200), (230, 200, 50))


def draw_picture(seed: int) -> tuple[np.ndarray, list[tuple[int, int, int, int]]]:
    """A grainy slope of light with three rectangles, and their boxes `(x, y, w, h)`."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[0:200, 0:280]
    image = (110 + 0.25 * rows + 0.15 * cols)[..., None] + rng.normal(0, 3, (200, 280, 1)) + np.zeros(3)
    boxes = []
    for number, x in enumerate((30, 120, 210)):
        y, width, height = int(rng.integers(20, 120)), int(rng.integers(28, 45)), int(rng.integers(28, 55))
        image[y : y + height, x : x + width] = COLOURS[(seed + number) % 4] + rng.normal(0, 3, (height, width, 1))
        boxes.append((x, y, width, height))
    return np.clip(image, 0, 255).astype(np.uint8), boxes


@pytest.fixture(scope='session')
def data_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with `coco/{train,val}.json`, `coco/images`, `cutouts/index.csv` and `screens`."""
    root = tmp_path_factory.mktemp('sources')
    (root / 'coco' / 'images').mkdir(parents=True)
    for split, seeds in (('train', range(4)), ('val', range(4, 6))):
        images, annotations = [], []
        for seed in seeds:
            image, boxes = draw_picture(seed)
            name = f'{split}_{seed}.png'
            Image.fromarray(image).save(root / 'coco' / 'images' / name)
            images.append({'id': seed, 'file_name': name, 'width': 280, 'height': 200})
            for x, y, w, h in boxes:
                outline = [x, y, x + w, y, x + w, y + h, x, y + h]
                annotations.append(
                    {'id': len(annotations), 'image_id': seed, 'category_id': 1 + len(annotations) % 3, 'iscrowd': 0,
                     'bbox': [x, y, w, h], 'area': w * h, 'segmentation': [outline]}
                )  # fmt: skip
        names = [{'id': 1, 'name': 'box'}, {'id': 2, 'name': 'brick'}, {'id': 3, 'name': 'book'}]
        text = json.dumps({'images': images, 'annotations': annotations, 'categories': names})
        (root / 'coco' / f'{split}.json').write_text(text)
    _write_cutouts(root / 'cutouts')
    _write_screens(root / 'screens')
    return root


def _write_cutouts(folder: Path) -> None:
    folder.mkdir()
    rows = []
    for number, (name, colour) in enumerate(zip(('ball', 'plate', 'coin', 'wheel'), COLOURS)):
        rgba = np.zeros((80, 80, 4), np.uint8)
        cv2.circle(rgba, (40, 40), 34 - 2 * number, (*colour, 255), -1, cv2.LINE_AA)
        cv2.circle(rgba, (40, 40), 12, (20, 20, 20, 255), -1, cv2.LINE_AA)
        Image.fromarray(rgba).save(folder / f'{name}.png')
        rows += [(f'{name}.png', name, split) for split in ('train', 'val')]
    with open(folder / 'index.csv', 'w', newline='') as file:
        csv.writer(file).writerows([('file', 'name', 'split'), *rows])


def _write_screens(folder: Path) -> None:
    (folder / 'images').mkdir(parents=True)
    (folder / 'annotations').mkdir()
    before = np.full((300, 420, 3), 245, np.uint8)
    for top in range(20, 280, 24):
        before[top : top + 8, 20:220] = 60
    after = before.copy()
    boxes = [(240, 40, 300, 80), (100, 150, 160, 190), (320, 200, 400, 260)]
    for box, colour in zip(boxes, COLOURS):
        after[box[1] : box[3], box[0] : box[2]] = colour
    Image.fromarray(before).save(folder / 'images' / 'a.png')
    Image.fromarray(after).save(folder / 'images' / 'b.png')
    changes = [
        {'change_id': i, 'type': 'add', 'before_box': list(map(float, b)), 'after_box': list(map(float, b))}
        for i, b in enumerate(boxes)
    ]
    record = {'pair_id': 's', 'before': 'images/a.png', 'after': 'images/b.png', 'before_size': [420, 300],
              'after_size': [420, 300], 'changes': changes, 'queries': []}  # fmt: skip
    for split in ('train', 'val'):
        (folder / 'annotations' / f'{split}.jsonl').write_text(json.dumps(record) + '\n')


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    """A recipe for the made-up photographs."""
    coco = {'type': 'coco', 'annotations': 'coco/{split}.json', 'images': 'coco/images'}
    recipe = {'name': 'toy', 'pictures': [coco], 'sprites': [coco, {'type': 'cutouts'}], 'long_side': 280, 'queries': 3,
              'nuisance': {'none': 0.4, 'aligned': 0.3, 'hand-held': 0.3}}  # fmt: skip
    path = tmp_path / 'toy.json'
    path.write_text(json.dumps(recipe))
    return path
