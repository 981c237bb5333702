"""Writes composed pairs as a set in the annotation format."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from difftracker.structures import PairRecord
from difftracker.synthesis.composed_pair import ComposedPair
from difftracker.synthesis.nuisance import encode_jpeg
from difftracker.synthesis.queries import write_queries
from difftracker.synthesis.recipe import Recipe
from difftracker.synthesis.scene_record import changes_of, scene_to_json
from difftracker.utils.files import atomic_write


class Composer(Protocol):
    """Whatever makes pairs."""

    def compose(self, rng: np.random.Generator) -> ComposedPair:
        """Makes one pair."""


class PairWriter:
    """Makes pair number `n` of a set: the same bytes for the same recipe, data and seed, whichever process does it.

    Args:
        composer: Makes the pixels.
        recipe: The mixture.
        out: Folder of the set.
        split: `train` or `val`; part of the pair ids.
        seed: Seed of the set.
    """

    def __init__(self, composer: Composer, recipe: Recipe, out: str | Path, split: str, seed: int) -> None:
        self.composer = composer
        self.recipe = recipe
        self.out = Path(out)
        self.split = split
        self.seed = seed

    def write(self, index: int) -> PairRecord:
        """Makes pair `index`, writes its two images and returns its record."""
        # Pictures and sentences draw from streams of their own: new sentences leave the pictures as they are.
        pair = self.composer.compose(np.random.default_rng((self.seed, index)))
        queries = write_queries(pair.scene, np.random.default_rng((self.seed, index, 1)), self.recipe.queries)
        name = f'{self.recipe.name}-{self.split}-{self.seed}-{index:06d}'
        # A folder per thousand pairs keeps listings short.
        folder = f'images/{index // 1000:03d}'
        paths = [f'{folder}/{name}_{side}.jpg' for side in 'ab']
        for path, image, quality in zip(paths, (pair.before, pair.after), pair.jpeg_quality, strict=True):
            atomic_write(self.out / path, encode_jpeg(image, quality))
        return PairRecord(
            pair_id=name,
            before=paths[0],
            after=paths[1],
            before_size=pair.before.shape[1::-1],
            after_size=pair.after.shape[1::-1],
            changes=changes_of(pair.scene),
            queries=tuple(queries),
            source=self.recipe.name,
            license=self.recipe.license,
            extra={**pair.extra, 'scene': scene_to_json(pair.scene)},
        )
