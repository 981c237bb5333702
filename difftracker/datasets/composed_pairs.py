"""The data set of pairs that are composed when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.logging import print_log
from torch.utils.data import Dataset

from difftracker.errors import ConfigError, ImageReadError
from difftracker.registry import DATASETS, TRANSFORMS
from difftracker.structures import PairRecord
from difftracker.synthesis.build import build_composer
from difftracker.synthesis.composed_pair import ComposedPair
from difftracker.synthesis.nuisance import jpeg_round_trip
from difftracker.synthesis.queries import write_queries
from difftracker.synthesis.recipe import read_recipe
from difftracker.synthesis.scene_record import changes_of

from . import transforms  # noqa: F401  (registers what pipelines name)
from .pair_results import draw_queries, plain_pair, start_results

# Sources that allow no pair so many times in a row are broken.
MAX_TRIES = 5


@DATASETS.register_module()
class ComposedPairs(Dataset):
    """Pairs of a recipe, made in memory by the process that asks for them: what `tools/dataset/generate.py` writes.

    No pair comes twice, and no file is written. A sample depends on `(seed, draw, index)` alone: on neither the worker
    nor what it made before. Pictures are read once per worker, as far as the sources keep them.

    Args:
        recipe: Recipe file; its `long_side` and `queries` give way to the arguments below.
        data_root: Folder of the recipe's sources.
        pipeline: Transforms, as configs or callables, without a step that loads pictures.
        kinds: Names of the kinds of change; their order gives the class index.
        pairs: Length of the set. Each pass, with another `draw`, gives other pairs, so it matters for shares only.
        queries_per_pair: Sentences written for each pair.
        long_side: Longer side of the composed images in px.
        split: Pictures of this split are used.
        cutouts: Index of cut-outs, where the recipe asks for them; a relative path starts at `data_root`.
        min_changes: Only pairs with at least so many changes; their numbers keep the recipe's proportions.
        concise: Whether sentences leave out conditions that are not needed.
        seed: Seed of everything random.

    Raises:
        ConfigError: The recipe or an argument is out of range.
        AnnotationError: A source cannot be read.
    """

    def __init__(
        self,
        recipe: str,
        data_root: str,
        pipeline: Sequence,
        kinds: Sequence[str],
        pairs: int,
        queries_per_pair: int = 8,
        long_side: int = 384,
        split: str = 'train',
        cutouts: str | None = None,
        min_changes: int = 0,
        concise: bool = False,
        seed: int = 0,
    ) -> None:
        if min(pairs, queries_per_pair) < 1:
            raise ConfigError(
                f'ComposedPairs: expected pairs and queries_per_pair of at least 1, found {pairs}, {queries_per_pair}'
            )
        read = read_recipe(recipe, long_side=long_side, queries=queries_per_pair)
        counts = {count: weight for count, weight in read.change_counts.items() if int(count) >= min_changes}
        self.recipe = replace(read, change_counts=counts)
        index = None if cutouts is None else Path(data_root) / cutouts
        self.composer = build_composer(self.recipe, data_root, split, index)
        # Built here and not by Compose, which would find our transforms only under mmdet's default scope.
        steps = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in pipeline]
        self.pipeline = Compose(steps)
        self.kinds = tuple(kinds)
        self.pairs = pairs
        self.min_changes = min_changes
        self.concise = concise
        self.split = split
        self.seed = seed
        # In shared memory, so that workers that outlive an epoch see the next one.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()

    @property
    def metainfo(self) -> dict:
        """The kinds of change."""
        return {'kinds': self.kinds}

    def full_init(self) -> None:
        """Nothing was put off; mmengine asks."""

    def set_epoch(self, epoch: int) -> None:
        """Tells the epoch, which the pairs depend on."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        return self.pairs

    def __getitem__(self, index: int) -> dict:
        return self.sample(index, int(self._epoch))

    def sample(self, index: int, draw: int) -> dict:
        """Composes one sample and runs it through the pipeline.

        Args:
            index: Number of the pair in its pass.
            draw: Number of the pass.

        Raises:
            ConfigError: The sources allow no pair, or no sentence, several times in a row.
            ImageReadError: As above, for pictures that cannot be read.
        """
        # One thread per worker, as for whole sets: results must not depend on the number of threads.
        cv2.setNumThreads(1)
        fault: ConfigError | ImageReadError | None = None
        for attempt in range(MAX_TRIES):
            state = (self.seed, draw, index, attempt)
            try:
                results = self._compose(state)
            except (ConfigError, ImageReadError) as error:
                print_log(f'{error}; composed pair {state} is replaced', logger='current', level=30)
                fault = error
                continue
            # Where a picture offers too few places, a pair has fewer changes than were drawn.
            if results['texts'] and len(results['kinds']) >= self.min_changes:
                return self.pipeline(results)
            fault = ConfigError(
                f'recipe {self.recipe.name}: expected a sentence and {self.min_changes} changes or more in pair '
                f'{state}, found {len(results["texts"])} and {len(results["kinds"])}'
            )
        raise fault

    def _compose(self, state: tuple[int, ...]) -> dict:
        """Makes pictures, sentences and truth; each of these and the transforms draws from a stream of its own."""
        pictures, sentences, later = (np.random.default_rng((*state, stream)) for stream in (1, 2, 3))
        pair = self.composer.compose(pictures)
        queries = write_queries(pair.scene, sentences, self.recipe.queries, self.concise)
        record = PairRecord(
            pair_id='-'.join([self.recipe.name, self.split, *map(str, state)]),
            before=pair.extra['picture'],
            after=pair.extra['picture'],
            before_size=pair.before.shape[1::-1],
            after_size=pair.after.shape[1::-1],
            changes=changes_of(pair.scene),
            queries=tuple(queries),
        )
        results = start_results(plain_pair(record, self.kinds), later)
        results.update(_pictures(pair))
        return draw_queries(results, None, later)


def _pictures(pair: ComposedPair) -> dict:
    """Both images as they would come back from their files, with what `LoadImagePair` says of them."""
    fields: dict = {}
    for side, quality in zip(('before', 'after'), pair.jpeg_quality, strict=True):
        image = jpeg_round_trip(getattr(pair, side), quality)
        fields[f'img_{side}'] = image
        fields[f'ori_shape_{side}'] = image.shape[:2]
        fields[f'{side}_scale'] = 1.0
    return fields
