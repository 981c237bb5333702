"""A few pairs made from made-up pictures, to tell whether a machine makes the bytes of the release."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from difftracker.benchmark.definition import read_definition
from difftracker.benchmark.instance_file import InstanceFile
from difftracker.benchmark.manifest import compare_manifests, read_manifest
from difftracker.benchmark.part_builder import PartBuilder
from difftracker.benchmark.set_builder import build_set
from difftracker.utils.files import atomic_write

PAIRS = {'photo-hand-held': 10, 'photo-aligned': 4, 'nuisance-only': 2}
PICTURES = 6
WIDTH, HEIGHT = 360, 280


def run_self_check(folder: str | Path, definition: str | Path, reference: str | Path) -> list[str]:
    """Builds the made-up part and compares it with the release's.

    Args:
        folder: An empty folder to build in.
        definition: The benchmark's definition.
        reference: Manifest of the made-up part as the release made it.

    Returns:
        One line per difference; empty when all bytes are the same.
    """
    return compare_manifests(build_made_up_part(folder, definition), read_manifest(reference))


def build_made_up_part(folder: str | Path, definition: str | Path) -> dict:
    """Draws pictures with whole-number arithmetic, builds a small `test` part of them and returns its manifest."""
    folder = Path(folder)
    draw_pictures(folder / 'pictures')
    instances = InstanceFile(folder / 'pictures' / 'instances.json', read_definition(definition), 'field')
    builder = PartBuilder(instances, folder / 'pictures', folder / 'build', 'test', 'subset', PAIRS)
    for job in builder.jobs:
        build_set(job, 1, lambda sizes, total, done: sizes)
    return read_manifest(builder.finish())


def draw_pictures(folder: Path) -> None:
    """Draws pictures of grainy rectangles and discs, and their COCO file `instances.json`, the same on any machine."""
    images, objects = [], []
    for number in range(PICTURES):
        rng = np.random.default_rng((20, number))
        rows, cols = np.mgrid[0:HEIGHT, 0:WIDTH]
        picture = (90 + rows // 4 + cols // 6 + 12 * ((rows // 16 + cols // 24) % 2))[..., None].repeat(3, axis=2)
        for place in range(4):
            x, y = 14 + 86 * place + int(rng.integers(8)), int(rng.integers(30, 170))
            width, height = int(rng.integers(36, 66)), int(rng.integers(40, 80))
            shape = (slice(y, y + height), slice(x, x + width))
            centre_x, centre_y = x + width // 2, y + height // 2
            inside = np.ones((HEIGHT, WIDTH), bool)
            outline = [x, y, x + width, y, x + width, y + height, x, y + height]
            if place % 2:
                # A diamond: its outline is exact in whole numbers, unlike a circle's.
                inside = abs(cols - centre_x) * height + abs(rows - centre_y) * width <= width * height // 2
                outline = [centre_x, y, x + width, centre_y, centre_x, y + height, x, centre_y]
            colour = rng.integers(10, 245, 3)
            picture[shape] = np.where(inside[shape][..., None], colour, picture[shape])
            objects.append(
                {'id': len(objects), 'image_id': number, 'category_id': 1 + place, 'iscrowd': 0, 'area': width * height,
                 'bbox': [x, y, width, height], 'segmentation': [outline]}
            )  # fmt: skip
        picture = np.clip(picture + rng.integers(-6, 7, (HEIGHT, WIDTH, 1)), 0, 255).astype(np.uint8)
        # Not PNG: how it compresses depends on the library's version, and the pictures' bytes are inputs.
        content = io.BytesIO()
        Image.fromarray(picture).save(content, 'BMP')
        name = f'{number:012d}.bmp'
        atomic_write(folder / name, content.getvalue())
        images.append({'id': number, 'file_name': name, 'width': WIDTH, 'height': HEIGHT, 'split': 'test'})
    names = [{'id': 1 + place, 'name': name} for place, name in enumerate(('book', 'kite', 'tv', 'clock'))]
    atomic_write(folder / 'instances.json', json.dumps({'images': images, 'annotations': objects, 'categories': names}))
