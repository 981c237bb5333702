"""Pictures of a test run's best and worst answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from difftracker.datasets.annotations import read_annotations
from difftracker.evaluation.prediction import Prediction
from difftracker.evaluation.query_outcome import QueryOutcome, judge
from difftracker.structures import ChangeResult, PairRecord, Query
from difftracker.utils.files import read_jsonl
from difftracker.utils.image_io import read_image, write_image

from .draw_answer import draw_answer


def draw_best_and_worst(
    data_root: Path, annotations: Path, predictions: Path, out_dir: Path, count: int, score_threshold: float
) -> list[Path]:
    """Draws the most confident right answers and the most confident wrong ones.

    A wrong answer is confident when its best box scores high, or when nothing was found although the no-change score is
    high; those say more about a model than answers that were close to the threshold.

    Args:
        data_root: Where the image paths start.
        annotations: Annotation file of the test.
        predictions: Predictions in the prediction format, one per line.
        out_dir: Where the pictures go: `best_00.jpg`, `worst_00.jpg`, ...
        count: Pictures of each sort.
        score_threshold: Boxes with at least this score are the decision.

    Returns:
        The paths written.
    """
    lines = {(line['pair_id'], line['query_id']): line for _, line in read_jsonl(predictions)}
    judged = []
    for record in read_annotations(annotations):
        for query in record.queries:
            line = lines.get((record.pair_id, query.query_id))
            if line is None:
                continue
            outcome = judge(record, query, Prediction.parse(line, predictions), score_threshold)
            # Queries with several answers are neither right nor wrong as a whole.
            if outcome is not None and outcome.error is not None:
                judged.append((_confidence(line, score_threshold), outcome, record, query, line))
    judged.sort(key=lambda item: item[0], reverse=True)
    paths = []
    for name, right in (('best', True), ('worst', False)):
        chosen = [item for item in judged if item[1].correct is right][:count]
        for index, (_, outcome, record, query, line) in enumerate(chosen):
            path = out_dir / f'{name}_{index:02d}.jpg'
            out_dir.mkdir(parents=True, exist_ok=True)
            write_image(path, draw_judged(data_root, record, query, line, outcome, score_threshold))
            paths.append(path)
    return paths


def _confidence(line: dict, threshold: float) -> float:
    decided = [score for score in line['scores'] if score >= threshold]
    return max(decided) if decided else _optional(line, 'no_change_score', 0.0)


def _optional(line: dict, name: str, default: Any) -> Any:
    value = line.get(name)
    return default if value is None else value


def draw_judged(
    data_root: Path,
    record: PairRecord,
    query: Query,
    line: dict,
    outcome: QueryOutcome,
    threshold: float,
    system: str = '',
) -> np.ndarray:
    """Draws an answer with what was asked for and whether it is right.

    Args:
        data_root: Where the image paths start.
        record, query, outcome: The query and what became of it.
        line: Its object of the prediction file.
        threshold: Boxes with at least this score are drawn, numbered by falling score.
        system: Who answered.

    Returns:
        `(H, W, 3)` uint8 RGB picture.
    """
    boxes, scores = line['boxes'], line['scores']
    before_boxes = _optional(line, 'before_boxes', boxes)
    kinds = _optional(line, 'kinds', ['change'] * len(boxes))
    decided = [place for place, score in enumerate(scores) if score >= threshold]
    # The lists of a prediction file may stand in any order; sorting is stable, as it is where they are scored.
    decided.sort(key=lambda place: scores[place], reverse=True)
    answers = {change.change_id: change for change in record.changes}
    wanted = ', '.join(f'{answers[i].type} {answers[i].label or ""}'.strip() for i in query.answers) or 'nothing'
    verdict = f'{system}: {outcome.error}' if system else 'right' if outcome.correct else 'wrong'
    result = ChangeResult(
        text=f'{query.text}  [asked for: {wanted}; {verdict}]',
        boxes=[boxes[place] for place in decided],
        before_boxes=[before_boxes[place] for place in decided],
        scores=[scores[place] for place in decided],
        kinds=[kinds[place] for place in decided],
        no_change_score=_optional(line, 'no_change_score', 0.0),
    )
    return draw_answer(read_image(data_root / record.before), read_image(data_root / record.after), result)
