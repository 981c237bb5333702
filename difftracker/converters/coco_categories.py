"""Names of COCO's object classes, for data sets that give the numbers only."""

from __future__ import annotations

from difftracker.synthesis.queries.vocabulary import COCO_LABELS

# Numbers between 1 and 90 that COCO left out when it dropped classes.
_UNUSED = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)

COCO_CATEGORIES: dict[int, str] = dict(
    zip((number for number in range(1, 91) if number not in _UNUSED), COCO_LABELS, strict=True)
)
