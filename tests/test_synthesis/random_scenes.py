"""Random scenes without pixels for the tests of the sentence writer."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.colours import COLOURS
from difftracker.synthesis.queries.vocabulary import COCO_LABELS
from difftracker.synthesis.scene import Scene, SceneChange, SceneObject

_KINDS = {
    'photo': ('appearance', 'replace', 'remove', 'add', 'move'),
    'screen': ('appearance', 'add', 'remove'),
    'board': ('open', 'short', 'mousebite', 'spur', 'copper', 'pin-hole'),
}


def _pick(rng: np.random.Generator, options):
    return options[int(rng.integers(len(options)))]


def _box(rng: np.random.Generator, width: int, height: int) -> tuple[float, float, float, float]:
    w, h = rng.uniform(0.05, 0.4, 2) * (width, height)
    x, y = rng.uniform(0, 1, 2) * (width - w, height - h)
    return float(x), float(y), float(x + w), float(y + h)


def _colour(rng: np.random.Generator) -> str | None:
    return None if rng.random() < 0.3 else _pick(rng, COLOURS)


def random_scene(seed: int, domain: str = 'photo', changes: int | None = None) -> Scene:
    """Makes a scene of a domain with the number of changes wanted (0 to 4, or up to 9 for boards)."""
    rng = np.random.default_rng(seed)
    width, height = 640, 480
    most = 9 if domain == 'board' else 4
    number = int(rng.integers(0, most + 1)) if changes is None else changes
    pool = [_pick(rng, COCO_LABELS) for _ in range(5)]
    made = []
    for index in range(number):
        kind = _pick(rng, _KINDS[domain])
        box = _box(rng, width, height)
        photo = domain == 'photo'
        colours = (_colour(rng) if kind != 'add' else None, _colour(rng) if kind != 'remove' else None)
        if kind == 'move':
            colours = (colours[0], colours[0])
        made.append(
            SceneChange(
                change_id=index,
                kind=kind,
                before_box=_box(rng, width, height) if kind == 'move' else box,
                after_box=box,
                label=_pick(rng, pool) if photo and rng.random() < 0.95 else None,
                new_label=_pick(rng, COCO_LABELS) if photo and kind == 'replace' else None,
                colour_before=colours[0] if photo else None,
                colour_after=colours[1] if photo else None,
                attribute=_pick(rng, ('colour', 'colour', 'texture', 'pattern', 'brightness', None))
                if photo and kind == 'appearance'
                else None,
            )
        )
    context = []
    if domain == 'photo':
        for _ in range(int(rng.integers(0, 6))):
            label = _pick(rng, pool) if rng.random() < 0.4 else _pick(rng, COCO_LABELS)
            context.append(SceneObject(label, _box(rng, width, height), _colour(rng)))
    return Scene(width, height, tuple(made), tuple(context), domain)
