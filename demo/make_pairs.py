"""Makes the sample pairs of this folder and their annotations.

Needs scikit-image (a development extra) for its free photographs. With the same versions of the libraries, every run
writes the same files.

    python demo/make_pairs.py [--out-dir demo]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from pair_edits import (
    ellipse_mask,
    hue_mask,
    map_box,
    mask_box,
    paste,
    polygon_mask,
    recolour,
    remove,
    second_shot,
    shaded_ball,
)
from PIL import Image
from renders import render_board, render_panel

from difftracker.structures import Box, Change, PairRecord, Query
from difftracker.utils.files import write_jsonl

_CC0 = 'CC0-1.0'
_PUBLIC_DOMAIN = 'public domain'
_OWN = 'Apache-2.0'
_IDENTITY = np.float32([[1, 0, 0], [0, 1, 0]])


@dataclass
class Sample:
    """One pair on its way to the disk; boxes are in pixels of the pictures before the second shot."""

    name: str
    before: np.ndarray
    after: np.ndarray
    source: str
    license: str
    suffix: str = '.jpg'
    changes: list[tuple[str, str, Box, Box]] = field(default_factory=list)
    queries: list[tuple[str, str, tuple[int, ...]]] = field(default_factory=list)
    matrix: np.ndarray = field(default_factory=lambda: _IDENTITY)

    def shoot_again(self, seed: int, **conditions: float | tuple[float, ...]) -> Sample:
        """Replaces the after picture by a second shot of the changed scene."""
        self.after, self.matrix = second_shot(self.after, np.random.default_rng(seed), **conditions)
        return self

    def to_record(self) -> PairRecord:
        """Returns the annotation; after boxes are mapped into the second shot."""
        changes = tuple(
            Change(number, kind, before, map_box(after, self.matrix, self.after.shape), label)
            for number, (kind, label, before, after) in enumerate(self.changes)
        )
        queries = tuple(
            Query(f'q{number}', text, subset, answers) for number, (text, subset, answers) in enumerate(self.queries)
        )
        return PairRecord(
            pair_id=self.name,
            before=f'pairs/{self.name}_before{self.suffix}',
            after=f'pairs/{self.name}_after{self.suffix}',
            before_size=(self.before.shape[1], self.before.shape[0]),
            after_size=(self.after.shape[1], self.after.shape[0]),
            changes=changes,
            queries=queries,
            source=self.source,
            license=self.license,
        )


def _photo(name: str, size: tuple[int, int]) -> np.ndarray:
    """Returns a photograph of scikit-image as RGB of `(width, height)` pixels."""
    image = getattr(skimage.data, name)()
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    return cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA)


def make_coffee() -> Sample:
    """The red saucer and cup turn blue, the spoon is gone."""
    before = _photo('coffee', (480, 320))
    dishes = ellipse_mask(before.shape, (222, 182), (163, 129), angle=5) & hue_mask(before, 165, 11, 90)
    dishes &= ~ellipse_mask(before.shape, (232, 88), (88, 74))
    dishes = cv2.morphologyEx(dishes, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    bowl = ellipse_mask(before.shape, (292, 227), (33, 36)) | polygon_mask(
        before.shape, [(296, 196), (294, 186), (300, 168), (316, 150), (313, 172), (310, 196)]
    )
    bowl |= polygon_mask(before.shape, [(252, 199), (262, 188), (290, 190), (290, 210), (262, 210)])
    shaft = polygon_mask(before.shape, [(326, 86), (331, 86), (331, 96), (325, 104)])
    # The end of the handle lies over the table: wood from beside it covers it best.
    handle = polygon_mask(before.shape, [(318, 53), (333, 52), (342, 58), (334, 89), (328, 89)])
    wood = np.roll(handle, (-6, 24), axis=(0, 1))
    after, _ = paste(before, before, wood, (-24, 6))
    after = remove(after, bowl | shaft, np.random.default_rng(0), radius=6)
    spoon = bowl | shaft | handle
    repaint = cv2.dilate(dishes | bowl | shaft, np.ones((3, 3), np.uint8)) & hue_mask(after, 160, 13, 60)
    after = recolour(after, repaint, hue=108)
    sample = Sample('coffee', before, after, 'skimage.data.coffee, photograph by Rachel Michetti', _CC0)
    sample.changes = [
        ('appearance', 'cup and saucer', mask_box(dishes), mask_box(dishes)),
        ('remove', 'spoon', mask_box(spoon), mask_box(spoon)),
    ]
    sample.queries = [
        ('What has a different colour now?', 'appearance', (0,)),
        ('Which piece of cutlery is missing?', 'remove', (1,)),
        ('the red dish that turned blue', 'appearance', (0,)),
        ('Show me everything that changed.', 'all', (0, 1)),
        ('What was added to the table?', 'none', ()),
    ]
    return sample.shoot_again(1, angle=0.6, zoom=1.035, shift=(3, -2), gamma=0.94, white_balance=(1.0, 0.99, 1.04))


def make_astronaut() -> Sample:
    """The model of the space shuttle is gone, the round patch turns green."""
    before = _photo('astronaut', (448, 448))
    outline = [(305, 205), (308, 180), (330, 150), (328, 40), (340, 25), (352, 0), (380, 0), (385, 36), (396, 32)]
    outline += [(402, 80), (401, 180), (404, 230), (416, 242), (410, 251), (320, 251), (318, 238)]
    shuttle = polygon_mask(before.shape, outline)
    # Wall and black pedestal are filled one by one, or the fill would mix them.
    edge = 239
    wall = remove(before[:edge], shuttle[:edge], np.random.default_rng(2), radius=12, grain=3)
    after = np.concatenate([wall, before[edge:]])
    after[edge:][cv2.dilate(shuttle[edge:], np.ones((5, 5), np.uint8)) > 0] = (3, 3, 4)
    patch = ellipse_mask(before.shape, (149, 338), (33, 34))
    after = recolour(after, patch & hue_mask(after, 115, 165, 70), hue=62, saturation=1.1)
    sample = Sample(
        'astronaut', before, after, 'skimage.data.astronaut, NASA photograph of Eileen Collins', _PUBLIC_DOMAIN
    )
    sample.changes = [
        ('remove', 'model of a space shuttle', mask_box(shuttle), mask_box(shuttle)),
        ('appearance', 'round patch', mask_box(patch), mask_box(patch)),
    ]
    sample.queries = [
        ('What is no longer standing in the background?', 'remove', (0,)),
        ('The patch on her chest has another colour.', 'appearance', (1,)),
        ('the thing that disappeared from the right side', 'remove', (0,)),
        ('Mark all the differences.', 'all', (0, 1)),
        ('Which person was replaced?', 'none', ()),
    ]
    return sample.shoot_again(3, angle=-0.5, zoom=1.03, shift=(-3, 2), gamma=1.07, white_balance=(1.02, 1.0, 0.97))


def make_camera() -> Sample:
    """The tower moves to the left, a ball lies on the grass; grey pictures."""
    before = _photo('camera', (400, 400))
    tower = polygon_mask(before.shape, [(321, 149), (321, 101), (326, 94), (331, 90), (338, 93), (338, 149)])
    after = remove(before, cv2.dilate(tower, np.ones((3, 3), np.uint8)), np.random.default_rng(4), radius=3, grain=1.5)
    after, moved = paste(after, before, tower, (-42, 0))
    ball = ellipse_mask(before.shape, (346, 262), (17, 17))
    after = shaded_ball(after, (346, 262), 17, (225, 225, 225))
    sample = Sample('camera', before, after, 'skimage.data.camera, photograph by Lav Varshney', _CC0)
    sample.changes = [
        ('move', 'tower', mask_box(tower), mask_box(moved)),
        ('add', 'ball', mask_box(ball), mask_box(ball)),
    ]
    sample.queries = [
        ('What is lying on the grass that was not there before?', 'add', (1,)),
        ('the tower that stands somewhere else now', 'move', (0,)),
        ('What is new?', 'add', (1,)),
        ('Show every change.', 'all', (0, 1)),
        ('What was taken away?', 'none', ()),
    ]
    return sample.shoot_again(5, angle=0.4, zoom=1.025, shift=(2, 2), gamma=0.92, noise=2.0)


def make_cat() -> Sample:
    """One eye turns blue, the nose turns dark."""
    before = _photo('chelsea', (450, 300))
    eye = ellipse_mask(before.shape, (171, 115), (32, 29))
    after = recolour(before, eye & hue_mask(before, 12, 45, 50), hue=105, saturation=1.25)
    nose = polygon_mask(
        before.shape, [(240, 233), (262, 227), (291, 231), (284, 243), (266, 259), (256, 259), (250, 246)]
    )
    after = recolour(after, nose, hue=120, saturation=0.2, value=0.5)
    sample = Sample('cat', before, after, 'skimage.data.chelsea, photograph by Stefan van der Walt', _CC0)
    sample.changes = [
        ('appearance', 'eye', mask_box(eye), mask_box(eye)),
        ('appearance', 'nose', mask_box(nose), mask_box(nose)),
    ]
    sample.queries = [
        ('Which eye is blue now?', 'appearance', (0,)),
        ('the part that went from reddish to nearly black', 'appearance', (1,)),
        ('nose', 'appearance', (1,)),
        ('Both parts of the cat that look different', 'appearance', (0, 1)),
        ('What has been removed?', 'none', ()),
    ]
    return sample.shoot_again(6, angle=-0.7, zoom=1.04, shift=(-4, 1), gamma=1.05, white_balance=(0.99, 1.0, 1.02))


def make_rocket() -> Sample:
    """The white rocket turns red, a moon stands in the sky."""
    before = _photo('rocket', (480, 320))
    rocket = polygon_mask(
        before.shape,
        [(235, 304), (235, 132), (233, 128), (233, 106), (241, 95), (250, 106), (250, 128), (248, 132), (249, 304)],
    )
    after = before.copy()
    tinted = (before * np.float32([0.95, 0.22, 0.18])).astype(np.uint8)
    after[rocket > 0] = tinted[rocket > 0]
    moon = ellipse_mask(before.shape, (332, 48), (17, 17))
    glow = cv2.GaussianBlur(moon.astype(np.float32) / 255, (0, 0), 9)[..., None]
    after = np.clip(after + 60 * glow * np.float32([0.9, 0.95, 1.0]), 0, 255).astype(np.uint8)
    # Dark plains: noise of two sizes.
    rng = np.random.default_rng(12)
    plains = sum(cv2.GaussianBlur(rng.normal(0, 1, (35, 35)), (0, 0), size) * size for size in (2.0, 5.0))
    surface = np.clip(225 + 22 * plains, 165, 250)[..., None] * np.float32([1.0, 0.98, 0.92])
    disc = np.zeros_like(before)
    disc[31:66, 315:350] = surface
    after, _ = paste(after, disc, moon, (0, 0))
    sample = Sample('rocket', before, after, 'skimage.data.rocket, photograph by SpaceX', _PUBLIC_DOMAIN)
    sample.changes = [
        ('appearance', 'rocket', mask_box(rocket), mask_box(rocket)),
        ('add', 'moon', mask_box(moon), mask_box(moon)),
    ]
    sample.queries = [
        ('What appeared in the sky?', 'add', (1,)),
        ('the rocket that was painted red', 'appearance', (0,)),
        ('Which round thing is new?', 'add', (1,)),
        ('Point at everything that is different.', 'all', (0, 1)),
        ('Which tower fell down?', 'none', ()),
    ]
    return sample.shoot_again(7, angle=0.3, zoom=1.03, shift=(2, -3), gamma=0.9)


def make_coins() -> Sample:
    """Two coins are gone, a third is replaced by another; grey pictures."""
    before = _photo('coins', (384, 303))
    rng = np.random.default_rng(8)
    gone = [ellipse_mask(before.shape, (102, 126), (21, 21)), ellipse_mask(before.shape, (244, 264), (26, 26))]
    after = before
    for mask in gone:
        after = remove(after, mask, rng, radius=8, grain=4)
    place = ellipse_mask(before.shape, (213, 194), (25, 25))
    after = remove(after, place, rng, radius=8, grain=4)
    donor = ellipse_mask(before.shape, (114, 266), (22, 22))
    after, new = paste(after, before, donor, (99, -72))
    sample = Sample('coins', before, after, 'skimage.data.coins, Brooklyn Museum', 'no known copyright restrictions')
    sample.changes = [
        ('remove', 'coin', mask_box(gone[0]), mask_box(gone[0])),
        ('remove', 'coin', mask_box(gone[1]), mask_box(gone[1])),
        ('replace', 'coin', mask_box(place), mask_box(place | new)),
    ]
    sample.queries = [
        ('Which coin was swapped for another one?', 'replace', (2,)),
        ('the coin that is gone from the bottom row', 'remove', (1,)),
        ('Which coins are missing?', 'remove', (0, 1)),
        ('Find all changes.', 'all', (0, 1, 2)),
        ('Has a coin been added?', 'none', ()),
    ]
    return sample.shoot_again(9, angle=-0.4, zoom=1.025, shift=(1, 2), gamma=1.08, noise=2.0)


def make_coffee_unchanged() -> Sample:
    """A second shot from slightly elsewhere, darker and cooler: nothing changed."""
    before = _photo('coffee', (480, 320))
    sample = Sample('coffee-unchanged', before, before, 'skimage.data.coffee, photograph by Rachel Michetti', _CC0)
    sample.queries = [
        ('What disappeared from the table?', 'none', ()),
        ('Which object has a different colour?', 'none', ()),
        ('Show me what is new.', 'none', ()),
    ]
    return sample.shoot_again(10, angle=-0.8, zoom=1.04, shift=(-4, 3), gamma=1.15, white_balance=(0.95, 1.0, 1.06))


def make_panel() -> Sample:
    """A settings page: a button turns orange, a badge is gone, a switch is thrown."""
    before, after, places = render_panel()
    sample = Sample('panel', before, after, 'own render', _OWN, suffix='.png')
    sample.changes = [
        ('appearance', 'button', places['button'], places['button']),
        ('remove', 'badge', places['badge'], places['badge']),
        ('move', 'slider knob', places['knob_before'], places['knob_after']),
    ]
    sample.queries = [
        ('Which button has another colour?', 'appearance', (0,)),
        ('the red badge that is gone', 'remove', (1,)),
        ('Which knob was moved?', 'move', (2,)),
        ('Show all differences between the screens.', 'all', (0, 1, 2)),
        ('Which chart was added?', 'none', ()),
    ]
    return sample


def make_board() -> Sample:
    """A circuit board: a trace is cut, two traces are joined, a capacitor is missing."""
    before, after, places = render_board()
    sample = Sample('board', before, after, 'own render', _OWN)
    sample.changes = [
        ('open', 'trace', places['open'], places['open']),
        ('short', 'traces', places['short'], places['short']),
        ('remove', 'capacitor', places['part'], places['part']),
    ]
    sample.queries = [
        ('Where is a trace interrupted?', 'open', (0,)),
        ('Where are two traces connected by mistake?', 'short', (1,)),
        ('Which component is missing?', 'remove', (2,)),
        ('Mark every fault.', 'all', (0, 1, 2)),
        ('Which chip was replaced?', 'none', ()),
    ]
    return sample.shoot_again(11, angle=0.2, zoom=1.01, shift=(1, -1), gamma=1.04, noise=2.0)


def make_samples() -> Iterator[Sample]:
    """Yields all pairs in the order of the annotation file."""
    for make in (
        make_coffee,
        make_astronaut,
        make_camera,
        make_cat,
        make_rocket,
        make_coins,
        make_panel,
        make_board,
        make_coffee_unchanged,
    ):
        yield make()


def main() -> None:
    """Writes `pairs/` and `annotations.jsonl`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--out-dir', type=Path, default=Path(__file__).parent, help='default: the folder of this script'
    )
    out_dir = parser.parse_args().out_dir
    (out_dir / 'pairs').mkdir(parents=True, exist_ok=True)
    records = []
    for sample in make_samples():
        record = sample.to_record()
        for path, image in ((record.before, sample.before), (record.after, sample.after)):
            Image.fromarray(image).save(out_dir / path, quality=88, optimize=True)
            print(f'{path}: {image.shape[1]} x {image.shape[0]}, {(out_dir / path).stat().st_size // 1024} kB')
        records.append(record.to_json())
    print(f'{len(records)} pairs: {write_jsonl(out_dir / "annotations.jsonl", records)}')


if __name__ == '__main__':
    main()
