"""Draws pairs of scenes: numbers only, without Blender."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from difftracker.errors import ConfigError
from tools.scenes3d.catalogue import Catalogue
from tools.scenes3d.change_drawer import ChangeDrawer
from tools.scenes3d.description import Item, PairDescription, Shot
from tools.scenes3d.frame_view import FrameView
from tools.scenes3d.layouts import LAYOUTS, LayoutPlan
from tools.scenes3d.light_drawing import (
    draw_camera,
    draw_exposure,
    draw_light,
    other_camera,
    other_light,
)
from tools.scenes3d.mixture import Mixture
from tools.scenes3d.placer import Placer

_SCENES_TRIED = 20
_TRIES_PER_CHANGE = 10


class PairDrawer:
    """Draws pair number `n` of a set from its seed and number alone.

    Args:
        catalogue: The objects of the split.
        mixture: Shares of layouts, changes and nuisance.
        size: `(width, height)` of the images in px.
    """

    def __init__(self, catalogue: Catalogue, mixture: Mixture, size: tuple[int, int]) -> None:
        self.catalogue = catalogue
        self.mixture = mixture
        self.size = size

    def draw(self, pair_id: str, seed: int, index: int) -> PairDescription:
        """Draws a pair.

        Raises:
            ConfigError: No scene with the wanted number of visible changes was found, again and again.
        """
        rng = np.random.default_rng((seed, index))
        layout = _draw(self.mixture.layouts, rng)
        wanted, level = int(_draw(self.mixture.counts, rng)), _draw(self.mixture.nuisance, rng)
        if wanted == 0 and level == 'none':
            # Two equal images teach and test nothing.
            level = 'aligned'
        for attempt in range(_SCENES_TRIED):
            pair = self._try(pair_id, layout, wanted, level, rng)
            if len(pair.changes) == wanted or (attempt >= _SCENES_TRIED // 2 and pair.changes):
                return pair
        raise ConfigError(
            f'{pair_id}: expected a scene of the layout {layout} that allows {wanted} changes, '
            f'found none in {_SCENES_TRIED} draws'
        )

    def _try(self, pair_id: str, layout: str, wanted: int, level: str, rng: np.random.Generator) -> PairDescription:
        plan = LAYOUTS[layout](self.catalogue).draw(rng)
        placer = Placer(self.catalogue, plan.zones)
        items = self._furnish(plan, placer, rng)
        before = Shot(items, draw_light(plan, rng), draw_camera(plan, rng), draw_exposure(rng))
        after = before
        if level != 'none':
            after = replace(before, light=other_light(before.light, rng), exposure=draw_exposure(rng))
        if level == 'hand-held':
            after = replace(after, camera=other_camera(before.camera, rng))
        views = tuple(FrameView(self.catalogue, shot.camera, self.size) for shot in (before, after))
        changes = ChangeDrawer(self.catalogue, placer, views, (before, after))
        for _ in range(wanted):
            kind = _draw(self.mixture.kinds, rng)
            for attempt in range(_TRIES_PER_CHANGE):
                if attempt >= _TRIES_PER_CHANGE // 2:
                    kind = _draw(self.mixture.kinds, rng)
                if changes.add(kind, rng):
                    break
        return PairDescription(pair_id, layout, self.size, plan.surfaces, *changes.shots, tuple(changes.changes), level)

    def _furnish(self, plan: LayoutPlan, placer: Placer, rng: np.random.Generator) -> tuple[Item, ...]:
        """Fills the zones; where there is no room for another object, a zone stays with fewer."""
        items = list(plan.fixed)
        for number, zone in enumerate(plan.zones):
            for _ in range(int(rng.integers(zone.count[0], zone.count[1] + 1))):
                model = self.catalogue.draw(zone.classes, rng)
                placed = placer.place(placer.dress(len(items), model, number, rng), items, rng)
                if placed is not None:
                    items.append(placed)
        return tuple(items)


def _draw(weights: dict[str, float], rng: np.random.Generator) -> str:
    names = list(weights)
    shares = np.cumsum([weights[name] for name in names])
    return names[int(np.searchsorted(shares, rng.random() * shares[-1], side='right'))]
