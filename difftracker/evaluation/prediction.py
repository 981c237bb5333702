"""One answer of a model, read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from difftracker.errors import AnnotationError


@dataclass(frozen=True)
class Prediction:
    """Predicted boxes of one query.

    Attributes:
        boxes: `(N, 4)` xyxy pixels of the after image, by falling score.
        scores: `(N,)` in `[0, 1]`.
        kinds: Kind of change of each box, None where the file does not tell.
        before_boxes: `(N, 4)` xyxy pixels of the before image, None where the file does not tell.
    """

    boxes: np.ndarray
    scores: np.ndarray
    kinds: tuple[str, ...] | None = None
    before_boxes: np.ndarray | None = None

    @classmethod
    def empty(cls) -> Prediction:
        """Returns the answer that nothing asked for has changed."""
        return cls(np.zeros((0, 4)), np.zeros(0))

    @classmethod
    def parse(cls, obj: dict[str, Any], path: str | Path, line: int | None = None) -> Prediction:
        """Reads one object of the prediction format.

        Args:
            obj: Object with `boxes`, `scores` and, optionally, `kinds` and `before_boxes`, in any order of scores.
            path: The file, for the message.
            line: 1-based line, for the message.

        Raises:
            AnnotationError: When the lists are no lists of finite numbers or of different lengths, corners of a box are
                the wrong way round, a score is outside `[0, 1]`, or `kinds` is neither null nor a list of strings.
        """
        lists = {}
        for name, width in (('boxes', 4), ('scores', None), ('before_boxes', 4)):
            if name == 'before_boxes' and obj.get(name) is None:
                continue
            if name not in obj:
                raise AnnotationError(path, f'a prediction must have the field {name!r}, found {sorted(obj)}', line)
            lists[name] = _finite(obj[name], name, width, path, line)
        boxes, scores, before_boxes = lists['boxes'], lists['scores'], lists.get('before_boxes')
        kinds = obj.get('kinds')
        if kinds is not None and not (isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds)):
            raise AnnotationError(path, f'kinds must be a list of strings, found {kinds!r:.80}', line)
        lengths = {'boxes': boxes, 'scores': scores, 'kinds': kinds, 'before_boxes': before_boxes}
        lengths = {name: len(items) for name, items in lengths.items() if items is not None}
        if len(set(lengths.values())) > 1:
            found = ', '.join(f'{length} {name}' for name, length in lengths.items())
            raise AnnotationError(path, f'{", ".join(lengths)} must be of one length, found {found}', line)
        for name, item in (('boxes', boxes), ('before_boxes', before_boxes)):
            if item is not None:
                _check_corners(item, name, path, line)
        _check_scores(scores, path, line)
        order = np.argsort(-scores, kind='stable')
        named = None if kinds is None else tuple(kinds[place] for place in order)
        return cls(boxes[order], scores[order], named, None if before_boxes is None else before_boxes[order])

    def decided(self, threshold: float) -> int:
        """Returns how many boxes, from the first on, reach the threshold."""
        return int((self.scores >= threshold).sum())


def _finite(values: Any, name: str, width: int | None, path: str | Path, line: int | None) -> np.ndarray:
    shape = (-1,) if width is None else (-1, width)
    try:
        array = np.asarray(values, dtype=np.float64)
        array = array.reshape(shape) if array.size == 0 else array
    except (TypeError, ValueError) as error:
        raise AnnotationError(path, f'{name} must be a list of numbers, found {values!r:.80}', line) from error
    if array.ndim != len(shape) or (width is not None and array.shape[1] != width):
        expected = 'numbers' if width is None else f'[x1, y1, x2, y2], each {width} numbers'
        raise AnnotationError(path, f'{name} must be a list of {expected}, found shape {array.shape}', line)
    if not np.isfinite(array).all():
        raise AnnotationError(path, f'{name} must be finite, found {values!r:.80}', line)
    return array


def _check_corners(boxes: np.ndarray, name: str, path: str | Path, line: int | None) -> None:
    turned = (boxes[:, :2] > boxes[:, 2:]).any(axis=1)
    if turned.any():
        expected = '[x1, y1, x2, y2] with x1 <= x2 and y1 <= y2, not [x, y, width, height]'
        raise AnnotationError(path, f'{name} must be {expected}, found {boxes[turned][0].tolist()}', line)


def _check_scores(scores: np.ndarray, path: str | Path, line: int | None) -> None:
    outside = (scores < 0) | (scores > 1)
    if outside.any():
        raise AnnotationError(path, f'scores must be from 0 to 1, found {scores[outside][0]:g}', line)
