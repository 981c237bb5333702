"""Precision against recall."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .style import MARKERS, line_style, new_figure, save


class Curve(NamedTuple):
    """One curve.

    Attributes:
        name: Its line of the legend.
        recall, precision: `(N,)`, recall rising.
        average: Average precision.
        decision: Recall and precision of the decided boxes; None where nothing is decided.
    """

    name: str
    recall: np.ndarray
    precision: np.ndarray
    average: float
    decision: tuple[float, float] | None


def plot_precision_recall(curves: Sequence[Curve], title: str, path: Path) -> Path:
    """Draws curves with a mark where the score threshold stands.

    Args:
        curves: At least one.
        title: What they have in common.
        path: PNG to write.
    """
    figure, (panel,) = new_figure(7.4, 4.6)
    for place, curve in enumerate(curves):
        style = line_style(place)
        recall = np.concatenate([[0.0], curve.recall])
        precision = np.concatenate([curve.precision[:1], curve.precision])
        label = f'{curve.name} (AP50 {100 * curve.average:.1f})'
        panel.plot(100 * recall, 100 * precision, linewidth=1.8, label=label, **style)
        if curve.decision is not None:
            x, y = (100 * part for part in curve.decision)
            marker = MARKERS[place % len(MARKERS)]
            panel.plot(x, y, marker, color=style['color'], markeredgecolor='white', markersize=8, clip_on=False)
    panel.set(xlim=(0, 100), ylim=(0, 102), xlabel='recall, per cent', ylabel='precision, per cent')
    panel.set_title(title, fontsize=10)
    figure.legend(frameon=False, loc='outside right center', fontsize=9, title='marks: the decision', title_fontsize=9)
    return save(figure, path)
