"""What the detector answers to one sentence about one pair."""

from __future__ import annotations

from dataclasses import dataclass, field

from .change import Box


@dataclass(frozen=True)
class ChangeResult:
    """The answer to one query; all lists run in parallel and are sorted by falling score.

    Attributes:
        text: The sentence that was asked.
        boxes: `(x1, y1, x2, y2)` in absolute pixels of the after image.
        before_boxes: The same places in absolute pixels of the before image.
        scores: Match score of each box, in `[0, 1]`.
        kinds: Kind of change of each box (`appearance`, `replace`, `remove`, `add`, `move`, ...).
        no_change_score: Score in `[0, 1]` that nothing of the kind asked for has changed.
        pair_id, query_id: Set when the pair came from an annotation file.
    """

    text: str
    boxes: list[Box] = field(default_factory=list)
    before_boxes: list[Box] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    no_change_score: float = 0.0
    pair_id: str | None = None
    query_id: str | None = None

    @property
    def is_empty(self) -> bool:
        """True when the answer is that nothing asked for has changed."""
        return not self.boxes

    def to_json(self) -> dict:
        """Returns the prediction format's object; kinds and before boxes are additions that readers may skip."""
        return {
            'pair_id': self.pair_id,
            'query_id': self.query_id,
            'boxes': [[round(float(v), 2) for v in box] for box in self.boxes],
            'scores': [round(float(score), 6) for score in self.scores],
            'before_boxes': [[round(float(v), 2) for v in box] for box in self.before_boxes],
            'kinds': list(self.kinds),
            'no_change_score': round(float(self.no_change_score), 6),
        }
