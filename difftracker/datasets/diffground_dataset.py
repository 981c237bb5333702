"""The data set of annotated image pairs with sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from difftracker.errors import ConfigError, ImageReadError
from difftracker.registry import DATASETS, TRANSFORMS

from . import transforms  # noqa: F401  (registers what pipelines name)
from .annotations import read_annotations
from .pair_results import draw_queries, plain_pair, start_results

# A pair that cannot be used is replaced by a random other one; this many misses in a row mean that the set is broken.
MAX_REPLACEMENTS = 20


@DATASETS.register_module()
class DiffGroundDataset(BaseDataset):
    """Image pairs, each with all or some of its sentences.

    What is random in a sample comes from `results['rng']` alone, a generator seeded by `(seed, draw, index)`. Thus a
    sample depends on neither the worker that loads it nor on those before it, and a resumed run sees what an
    uninterrupted one would have seen.

    Args:
        ann_file: Annotation file; a relative path starts at `data_root`.
        data_root: The folder that the image paths start from.
        pipeline: Transforms, as configs or callables.
        kinds: Names of the kinds of change; their order gives the class index.
        queries_per_pair: In training, sentences drawn per sample, without replacement, all where the pair has fewer.
            None takes all. In tests always all.
        seed: Seed of everything random.
        test_mode: Tests raise on an unreadable image; training logs it and takes another pair. Training passes over
            sentences whose answers have no box in the after image, tests keep them.
        indices: Use only these pairs, or the first so many.
        min_changes: Use only pairs with at least so many changes; `indices` counts among these.
    """

    def __init__(
        self,
        ann_file: str,
        data_root: str,
        pipeline: Sequence,
        kinds: Sequence[str],
        queries_per_pair: int | None = None,
        seed: int = 0,
        test_mode: bool = False,
        indices: int | Sequence[int] | None = None,
        min_changes: int = 0,
    ) -> None:
        if queries_per_pair is not None and queries_per_pair < 1:
            raise ConfigError(f'queries_per_pair must be None or at least 1, found {queries_per_pair}')
        self.kinds = tuple(kinds)
        self.queries_per_pair = queries_per_pair
        self.seed = seed
        self.min_changes = min_changes
        # In shared memory, so that workers that outlive an epoch see the next one.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()
        # Built here and not by mmengine, which would find our transforms only under mmdet's default scope.
        steps = [TRANSFORMS.build(step) if isinstance(step, dict) else step for step in pipeline]
        super().__init__(
            ann_file=str(ann_file),
            metainfo={'kinds': self.kinds},
            data_root=str(data_root),
            data_prefix={},
            indices=indices,
            pipeline=steps,
            test_mode=test_mode,
        )

    def load_data_list(self) -> list[dict]:
        """Returns the pairs as plain dicts that pickle small.

        Raises:
            AnnotationError: On the first fault of the file.
            ConfigError: No pair has `min_changes` changes.
        """
        records = read_annotations(self.ann_file)
        usable = [record for record in records if len(record.changes) >= self.min_changes]
        if not usable:
            most = max(len(record.changes) for record in records)
            raise ConfigError(
                f'DiffGroundDataset.min_changes: expected at most {most}, the most that a pair of {self.ann_file} has, '
                f'found {self.min_changes}'
            )
        return [plain_pair(record, self.kinds, self.data_root) for record in usable]

    def set_epoch(self, epoch: int) -> None:
        """Tells the epoch, which what is random depends on."""
        self._epoch.fill_(epoch)

    def __getitem__(self, index: int) -> dict:
        return self.sample(index, int(self._epoch))

    def sample(self, index: int, draw: int) -> dict:
        """Returns one sample after the pipeline.

        Args:
            index: The pair.
            draw: How often the pair was drawn before (the epoch, in plain training); gives other random choices.

        Raises:
            ImageReadError: In tests, and in training when `MAX_REPLACEMENTS` pairs in a row cannot be used.
        """
        rng = np.random.default_rng((self.seed, draw, index))
        if self.test_mode:
            return self.pipeline(start_results(self.get_data_info(index), rng))
        reason = ''
        for _ in range(MAX_REPLACEMENTS):
            results = draw_queries(start_results(self.get_data_info(index), rng), self.queries_per_pair, rng)
            reason = f'pair {results["pair_id"]} has no sentence whose answers are in view'
            if results['texts']:
                try:
                    return self.pipeline(results)
                except ImageReadError as error:
                    reason = str(error)
                    print_log(f'{error}; pair {results["pair_id"]} is replaced', logger='current', level=30)
            index = int(rng.integers(len(self)))
        raise ImageReadError(self.ann_file, f'{MAX_REPLACEMENTS} pairs in a row cannot be used; the last: {reason}')
