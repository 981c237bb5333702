"""From a record to what the transforms of a pipeline work on; all data sets of pairs share it."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from difftracker.structures import PairRecord

from .change_description import describe_change

# What belongs to the sentences, in step.
SENTENCE_FIELDS = ('texts', 'answers', 'query_ids', 'subsets')


def plain_pair(record: PairRecord, kinds: Sequence[str], data_root: str = '') -> dict:
    """Returns a record as a plain dict that pickles small.

    Args:
        record: The pair.
        kinds: Names of the kinds of change; their order gives the class index, others get -1.
        data_root: The folder that the image paths start from.
    """
    positions = {change.change_id: place for place, change in enumerate(record.changes)}
    return {
        'pair_id': record.pair_id,
        'before_path': os.path.join(data_root, record.before),
        'after_path': os.path.join(data_root, record.after),
        'before_size': record.before_size,
        'after_size': record.after_size,
        'changes': [
            (
                change.before_box,
                change.after_box,
                kinds.index(change.type) if change.type in kinds else -1,
                describe_change(change),
            )
            for change in record.changes
        ],
        'texts': [query.text for query in record.queries],
        'answers': [[positions[answer] for answer in query.answers] for query in record.queries],
        'query_ids': [query.query_id for query in record.queries],
        'subsets': [query.subset for query in record.queries],
    }


def start_results(plain: dict, rng: np.random.Generator) -> dict:
    """Returns the first `results` of a pipeline.

    Args:
        plain: What `plain_pair` gives; its top level is taken over, its `changes` become arrays.
        rng: What every transform draws from.
    """
    results = dict(plain)
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


def draw_queries(results: dict, count: int | None, rng: np.random.Generator) -> dict:
    """Keeps the sentences that training can use.

    Args:
        results: As `start_results` gives them; changed in place.
        count: How many to draw of those whose answers are in view of the after image; None keeps all of these.
        rng: Source of the draw.
    """
    in_view = results['valid_after']
    usable = [place for place, answers in enumerate(results['answers']) if in_view[answers].all()]
    if count is not None and len(usable) > count:
        usable = sorted(rng.choice(usable, size=count, replace=False).tolist())
    for name in SENTENCE_FIELDS:
        results[name] = [results[name][place] for place in usable]
    return results
