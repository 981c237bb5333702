"""The baseline that answers with all that differs."""

from __future__ import annotations

import numpy as np

from difftracker.baselines import build_baseline


def test_every_sentence_gets_all_that_differs() -> None:
    before = np.zeros((50, 80, 3), np.uint8)
    after = before.copy()
    after[5:15, 10:20] = 255
    after[30:40, 40:70] = 255
    answers = build_baseline('differing-pixels').answer(before, after, ['one', 'two'])
    assert len(answers) == 2
    for boxes, scores in answers:
        assert boxes.tolist() == [[40, 30, 70, 40], [10, 5, 20, 15]]
        assert scores.tolist() == [0.75, 0.25]
    boxes, scores = build_baseline('differing-pixels').answer(before, before, ['one'])[0]
    assert boxes.shape == (0, 4) and scores.shape == (0,)
    assert len(build_baseline('differing-pixels', max_boxes=1).answer(before, after, ['one'])[0][0]) == 1
