"""From a detector's raw boxes to the objects of a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

# Side of a window as a share of the picture's.
WINDOW_SHARE = 0.6
# A box that comes closer to an inner border of its window than this share of the window is taken for part of an object.
CUT_MARGIN = 0.02
# Two boxes that overlap by more (IoU) are one object, whatever each is called; of one name, a little less will do.
SAME_PLACE = 0.5
SAME_NAME = 0.4
# In a picture that is known to show one thing: the score that this thing needs, and others, which the detector often
# takes it for; and the share of the picture and the score from which on a thing of another name is this one.
LABEL_SCORE, OTHER_SCORE = 0.3, 0.6
RENAMED_SHARE, RENAMED_SCORE = 0.1, 0.42


@dataclass(frozen=True)
class FoundObject:
    """An object that a detector found.

    Attributes:
        category: COCO id.
        score: From 0 to 1.
        box: `(x1, y1, x2, y2)` in px of the picture.
    """

    category: int
    score: float
    box: tuple[float, float, float, float]


def windows_of(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """Returns the whole picture, its four corners and its middle, each `(x, y, width, height)` in px.

    A detector that sees a window of 300 px finds smaller objects in a part than in the whole.
    """
    across, down = round(width * WINDOW_SHARE), round(height * WINDOW_SHARE)
    corners = [(x, y, across, down) for x in (0, width - across) for y in (0, height - down)]
    return [(0, 0, width, height), *corners, (round((width - across) / 2), round((height - down) / 2), across, down)]


def objects_of(
    scores: np.ndarray, boxes: np.ndarray, windows: list[tuple[int, int, int, int]], smallest_score: float
) -> list[FoundObject]:
    """Joins what was found in the windows of a picture, the surest first (greedy non-maximum suppression).

    Args:
        scores: `(W, N, 90)` of the COCO ids 1 to 90.
        boxes: `(W, N, 4)`, `(y1, x1, y2, x2)` as shares of the window.
        windows: The windows, the first of which is the whole picture.
        smallest_score: What an object needs.
    """
    _, _, width, height = windows[0]
    found = []
    for window, (x, y, across, down) in enumerate(windows):
        ends = np.array([x, y, x + across, y + down])
        sides = boxes[window][:, [1, 0, 3, 2]] * (across, down, across, down) + (x, y, x, y)
        sides = np.clip(sides, ends[[0, 1, 0, 1]], ends[[2, 3, 2, 3]])
        # Where the window ends and the picture goes on.
        inner = ends != (0, 0, width, height)
        cut = (np.abs(sides - ends) < CUT_MARGIN * max(across, down)) & inner
        best = scores[window].max(1)
        for index in np.flatnonzero((best >= smallest_score) & ~cut.any(1)):
            category = int(scores[window, index].argmax()) + 1
            found.append(FoundObject(category, float(best[index]), tuple(sides[index].tolist())))
    kept: list[FoundObject] = []
    for item in sorted(found, key=lambda item: -item.score):
        limits = (SAME_NAME if other.category == item.category else SAME_PLACE for other in kept)
        if all(_overlap(item.box, other.box) <= limit for other, limit in zip(kept, limits, strict=True)):
            kept.append(item)
    return kept


def believed(found: list[FoundObject], label: int, common: int, area: float) -> list[FoundObject]:
    """Chooses what to believe of a picture that is known to show one thing.

    Where nothing of its name was found, the surest large object is that thing, whatever the detector called it.

    Args:
        found: The objects of the picture.
        label: COCO id of what it shows.
        common: COCO id of what may be beside anything.
        area: Of the picture in px.
    """
    own = [item for item in found if item.category == label and item.score >= LABEL_SCORE]
    others = [item for item in found if item.category != label and item.score >= OTHER_SCORE]
    if own:
        return own + others
    beside = [item for item in others if item.category == common]
    large = [
        item
        for item in found
        if item.category != common
        and item.score >= RENAMED_SCORE
        and (item.box[2] - item.box[0]) * (item.box[3] - item.box[1]) >= RENAMED_SHARE * area
    ]
    if not large or label == common:
        return beside
    thing = max(large, key=lambda item: item.score)
    return [replace(thing, category=label), *(item for item in others if item is not thing)]


def _overlap(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Returns the IoU of two boxes."""
    across = min(first[2], second[2]) - max(first[0], second[0])
    down = min(first[3], second[3]) - max(first[1], second[1])
    inner = max(across, 0) * max(down, 0)
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (first, second)]
    return inner / max(sum(areas) - inner, 1e-9)
