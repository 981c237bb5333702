"""The data set of annotated image pairs with sentences."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from difftracker.errors import ConfigError, ImageReadError
from difftracker.registry import DATASETS, TRANSFORMS
from difftracker.structures import Change, PairRecord

from . import transforms  # noqa: F401  (registers what pipelines name)
from .annotations import read_annotations
from .change_description import describe_change

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
        """
        records = read_annotations(self.ann_file)
        return [self._plain(record) for record in records if len(record.changes) >= self.min_changes]

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
            return self.pipeline(self._raw(index, rng))
        reason = ''
        for _ in range(MAX_REPLACEMENTS):
            results = self._draw_queries(self._raw(index, rng), rng)
            reason = f'pair {results["pair_id"]} has no sentence whose answers are in view'
            if results['texts']:
                try:
                    return self.pipeline(results)
                except ImageReadError as error:
                    reason = str(error)
                    print_log(f'{error}; pair {results["pair_id"]} is replaced', logger='current', level=30)
            index = int(rng.integers(len(self)))
        raise ImageReadError(self.ann_file, f'{MAX_REPLACEMENTS} pairs in a row cannot be used; the last: {reason}')

    def _plain(self, record: PairRecord) -> dict:
        positions = {change.change_id: place for place, change in enumerate(record.changes)}
        return {
            'pair_id': record.pair_id,
            'before_path': os.path.join(self.data_root, record.before),
            'after_path': os.path.join(self.data_root, record.after),
            'changes': [self._plain_change(change) for change in record.changes],
            'texts': [query.text for query in record.queries],
            'answers': [[positions[answer] for answer in query.answers] for query in record.queries],
            'query_ids': [query.query_id for query in record.queries],
            'subsets': [query.subset for query in record.queries],
        }

    def _plain_change(self, change: Change) -> tuple:
        kind = self.kinds.index(change.type) if change.type in self.kinds else -1
        return change.before_box, change.after_box, kind, describe_change(change)

    def _raw(self, index: int, rng: np.random.Generator) -> dict:
        results = self.get_data_info(index)
        changes = results.pop('changes')
        for place, side in enumerate(('before', 'after')):
            boxes = [change[place] for change in changes]
            results[f'valid_{side}'] = np.array([box is not None for box in boxes], dtype=bool)
            results[f'boxes_{side}'] = np.array(
                [(0.0, 0.0, 0.0, 0.0) if box is None else box for box in boxes], dtype=np.float32
            ).reshape(-1, 4)
        results['kinds'] = np.array([change[2] for change in changes], dtype=np.int64)
        results['descriptions'] = [change[3] for change in changes]
        results['rng'] = rng
        return results

    def _draw_queries(self, results: dict, rng: np.random.Generator) -> dict:
        in_view = results['valid_after']
        usable = [place for place, answers in enumerate(results['answers']) if in_view[answers].all()]
        count = self.queries_per_pair
        if count is not None and len(usable) > count:
            usable = sorted(rng.choice(usable, size=count, replace=False).tolist())
        for name in ('texts', 'answers', 'query_ids', 'subsets'):
            results[name] = [results[name][place] for place in usable]
        return results
