"""Overlap of boxes, and greedy matching as the COCO evaluation does it."""

from __future__ import annotations

import numpy as np


def pairwise_iou(boxes: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Returns intersection over union of every pair of boxes.

    Args:
        boxes: `(N, 4)` xyxy pixels.
        others: `(M, 4)` of the same image.

    Returns:
        `(N, M)` in `[0, 1]`; 0 where both boxes are empty.
    """
    boxes = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    others = np.asarray(others, dtype=np.float64).reshape(-1, 4)
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    common = (high - low).clip(0).prod(axis=2)
    union = _areas(boxes)[:, None] + _areas(others)[None] - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)


def match_boxes(overlaps: np.ndarray, threshold: float) -> np.ndarray:
    """Gives each predicted box, best first, the free target that it overlaps most.

    Args:
        overlaps: `(N, M)` overlap of N predictions, sorted by falling score, with M targets.
        threshold: Smallest overlap of a match.

    Returns:
        `(N,)` bool, True for the predictions that found a target.
    """
    free = np.ones(overlaps.shape[1], dtype=bool)
    hits = np.zeros(len(overlaps), dtype=bool)
    for place, row in enumerate(overlaps):
        if not free.any():
            break
        target = int(np.where(free, row, -1.0).argmax())
        if row[target] >= threshold:
            free[target] = False
            hits[place] = True
    return hits


def average_precision(scores: np.ndarray, hits: np.ndarray, targets: int) -> float | None:
    """Returns average precision at 101 recall levels, as COCO defines it.

    Args:
        scores: `(N,)` scores of all predicted boxes of all queries.
        hits: `(N,)` bool, True where the box found a target of its query.
        targets: Number of targets of all queries.

    Returns:
        The average precision in `[0, 1]`, None without targets.
    """
    if targets == 0:
        return None
    recall, precision = precision_recall(scores, hits, targets)
    places = np.searchsorted(recall, np.linspace(0, 1, 101), side='left')
    levels = np.append(precision, 0.0)[np.minimum(places, len(precision))]
    return float(levels.mean())


def precision_recall(scores: np.ndarray, hits: np.ndarray, targets: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns what the best 1, 2, ... N boxes find.

    Args:
        scores, hits: As `average_precision`.
        targets: At least one.

    Returns:
        Recall `(N,)`, rising, and precision `(N,)`, each the best one at that recall or a higher one.
    """
    order = np.argsort(-scores, kind='stable')
    found = np.cumsum(hits[order])
    precision = found / np.arange(1, len(found) + 1)
    return found / targets, np.maximum.accumulate(precision[::-1])[::-1]


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2:] - boxes[:, :2]).clip(0).prod(axis=1)
