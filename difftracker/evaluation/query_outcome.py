"""What one prediction is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from difftracker.structures import Change, PairRecord, Query

from .box_matching import match_boxes, pairwise_iou
from .box_size import box_size
from .prediction import Prediction

IOU_THRESHOLD = 0.5
MOVE = 'move'
# Our choice: below it a box no longer counts as an attempt at the change that was asked for.
LOOSE_FROM = 0.1
# As in the COCO evaluation: what stands below takes no part in average precision.
MAX_CANDIDATES = 100

RIGHT = 'right'
LOOSE_BOX = 'loose box'
WRONG_PLACE = 'wrong place'
WRONG_CHANGE = 'wrong change'
MISSED = 'missed'
INVENTED = 'invented'
SILENT = 'rightly silent'
ERROR_KINDS = (RIGHT, LOOSE_BOX, WRONG_CHANGE, WRONG_PLACE, MISSED, SILENT, INVENTED)


@dataclass(frozen=True)
class QueryOutcome:
    """One query, scored.

    Attributes:
        record: Its pair.
        query: The query.
        targets: Number of answers with a box in the after image.
        iou: Overlap of the best decided box with the single answer, 0 without a box; None for other queries.
        f1: F1 of the decided boxes at IoU 0.5; None for unanswerable queries.
        error: One of `ERROR_KINDS`; None for queries with several answers.
        answer_type: Kind of change of the single answer, None for other queries.
        answer_size: `small`, `medium` or `large`: the single answer's box in the after image, None for other queries.
        predicted_type: Predicted kind of the best decided box, None without.
        old_place: Whether the predicted before box of a moved thing that was rightly found lies where the thing stood
            (IoU 0.5); None for other queries, and where the prediction tells no before boxes.
        candidate_scores, candidate_hits: `(N,)` all boxes, whether decided or not, for average precision.
    """

    record: PairRecord
    query: Query
    targets: int
    iou: float | None
    f1: float | None
    error: str | None
    answer_type: str | None
    answer_size: str | None
    predicted_type: str | None
    old_place: bool | None
    candidate_scores: np.ndarray
    candidate_hits: np.ndarray

    @property
    def correct(self) -> bool:
        """True for a single answer found, or a rightly empty answer."""
        return self.error in (RIGHT, SILENT)


def judge(record: PairRecord, query: Query, prediction: Prediction, threshold: float) -> QueryOutcome | None:
    """Scores one prediction.

    Args:
        record: The pair.
        query: One of its queries.
        prediction: The answer.
        threshold: Boxes with at least this score are the decision; average precision takes all.

    Returns:
        The outcome; None where all answers are out of view in the after image, so that no box can be right.
    """
    answers = [change for change in record.changes if change.change_id in query.answers]
    seen = [change for change in answers if change.after_box is not None]
    if answers and not seen:
        return None
    overlaps = pairwise_iou(prediction.boxes, np.array([change.after_box for change in seen]).reshape(-1, 4))
    hits = match_boxes(overlaps[:MAX_CANDIDATES], IOU_THRESHOLD)
    count = prediction.decided(threshold)
    decided_hits = int(match_boxes(overlaps[:count], IOU_THRESHOLD).sum())
    iou = error = answer_type = answer_size = None
    if len(seen) == 1:
        iou = float(overlaps[0, 0]) if count else 0.0
        answer_type = seen[0].type
        answer_size = box_size(seen[0].after_box, record.after_size)
        error = _error(iou, prediction.boxes[:count], [change for change in record.changes if change not in answers])
    elif not seen:
        error = INVENTED if count else SILENT
    named = prediction.kinds is not None and count > 0
    return QueryOutcome(
        record,
        query,
        len(seen),
        iou,
        2 * decided_hits / (count + len(seen)) if seen else None,
        error,
        answer_type,
        answer_size,
        prediction.kinds[0] if named else None,
        _old_place(seen[0], prediction) if error == RIGHT else None,
        prediction.scores[:MAX_CANDIDATES],
        hits,
    )


def _old_place(change: Change, prediction: Prediction) -> bool | None:
    if change.type != MOVE or change.before_box is None or prediction.before_boxes is None:
        return None
    overlap = pairwise_iou(prediction.before_boxes[:1], np.array([change.before_box]))
    return bool(overlap[0, 0] >= IOU_THRESHOLD)


def _error(iou: float, boxes: np.ndarray, others: list[Change]) -> str:
    if iou >= IOU_THRESHOLD:
        return RIGHT
    if len(boxes) == 0:
        return MISSED
    places = np.array([change.after_box for change in others if change.after_box is not None]).reshape(-1, 4)
    if (pairwise_iou(boxes[:1], places) >= IOU_THRESHOLD).any():
        return WRONG_CHANGE
    return LOOSE_BOX if iou >= LOOSE_FROM else WRONG_PLACE
