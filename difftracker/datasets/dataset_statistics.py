"""Counts of a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from difftracker.structures import PairRecord

# Limits of COCO's size classes, as areas in square pixels.
SMALL, MEDIUM = 32**2, 96**2


def count_records(records: Sequence[PairRecord]) -> dict:
    """Counts pairs, changes and queries.

    Args:
        records: The pairs of one or several files.

    Returns:
        Plain data: `pairs`, `images`, `changes`, `queries`; `changes_per_pair`, `kinds`, `labels` and sizes of changes;
        queries by `subset`, `form`, `ask` and number of answers; numbers of words and characters of the sentences and
        how many are distinct; `nuisance` and `source` of the pairs; figures of image width and height.
    """
    changes = [change for record in records for change in record.changes]
    queries = [query for record in records for query in record.queries]
    texts = [query.text for query in queries]
    boxes = [change.after_box or change.before_box for change in changes]
    areas = np.array([(box[2] - box[0]) * (box[3] - box[1]) for box in boxes if box is not None])
    shares = [
        (box[2] - box[0]) * (box[3] - box[1]) / (record.after_size[0] * record.after_size[1])
        for record in records
        for box in (change.after_box for change in record.changes)
        if box is not None
    ]
    return {
        'pairs': len(records),
        'images': len({name for record in records for name in (record.before, record.after)}),
        'changes': len(changes),
        'queries': len(queries),
        'changes_per_pair': _counts(len(record.changes) for record in records),
        'kinds': _counts(change.type for change in changes),
        'labels': _counts(change.label for change in changes if change.label is not None),
        'change_sizes': {
            'small (< 32 x 32)': int((areas < SMALL).sum()),
            'medium': int(((areas >= SMALL) & (areas < MEDIUM)).sum()),
            'large (>= 96 x 96)': int((areas >= MEDIUM).sum()),
        },
        'change_share_of_image': _spread(shares),
        'out_of_view': {
            'before': sum(change.before_box is None for change in changes),
            'after': sum(change.after_box is None for change in changes),
        },
        'subset': _counts(query.subset for query in queries),
        'form': _counts((query.extra or {}).get('form', 'not given') for query in queries),
        'ask': _counts((query.extra or {}).get('ask', 'not given') for query in queries),
        'answers_per_query': _counts(len(query.answers) for query in queries),
        'words_per_text': _spread([len(text.split()) for text in texts]),
        'characters_per_text': _spread([len(text) for text in texts]),
        'distinct_texts': len({text.strip().lower() for text in texts}),
        'distinct_words': len({word.strip('.,;:!?\'"').lower() for text in texts for word in text.split()}),
        'nuisance': _counts(str(record.extra.get('nuisance', 'not given')) for record in records),
        'source': _counts(record.source or 'not given' for record in records),
        'width': _spread([record.after_size[0] for record in records]),
        'height': _spread([record.after_size[1] for record in records]),
    }


def format_statistics(counts: dict, top: int = 15) -> str:
    """Sets the counts of `count_records` as text.

    Args:
        counts: The counts.
        top: Names listed per table, the most frequent first; the rest is summed up.
    """
    lines = [', '.join(f'{counts[name]} {name}' for name in ('pairs', 'images', 'changes', 'queries'))]
    lines.append(f'{counts["distinct_texts"]} distinct sentences, {counts["distinct_words"]} distinct words')
    for name, value in counts.items():
        if not isinstance(value, dict):
            continue
        title = name.replace('_', ' ')
        if 'median' in value:
            lines.append(f'{title}: ' + ', '.join(f'{key} {number:g}' for key, number in value.items()))
            continue
        total = sum(value.values())
        if not total:
            continue
        lines.append(f'\n{title}')
        width = max(len(str(key)) for key in value)
        for key, number in list(value.items())[:top]:
            lines.append(f'  {key!s:<{width}}  {number:>8}  {100 * number / total:5.1f} %')
        rest = list(value.values())[top:]
        if rest:
            lines.append(f'  {f"({len(rest)} more)":<{width}}  {sum(rest):>8}  {100 * sum(rest) / total:5.1f} %')
    return '\n'.join(lines)


def _counts(values: Iterable[object]) -> dict[str, int]:
    counted = Counter(values)
    numbers = all(isinstance(value, int) for value in counted)
    # Numbers in their order, names by how often they come.
    order = sorted(counted) if numbers else sorted(counted, key=lambda value: (-counted[value], str(value)))
    return {str(value): counted[value] for value in order}


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not len(values):
        return {}
    low, middle, high = np.percentile(values, (0, 50, 100))
    return {
        'min': round(float(low), 4),
        'median': round(float(middle), 4),
        'mean': round(float(np.mean(values)), 4),
        'max': round(float(high), 4),
    }
