"""Which kind of change is taken for which."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .style import new_figure, save


def plot_confusion(confusion: dict, path: Path) -> Path:
    """Draws the confusion table of a report: rows true, columns predicted, shade by share of the row.

    Args:
        confusion: `kinds` and `matrix` of the report.
        path: PNG to write.
    """
    kinds, counts = confusion['kinds'], np.array(confusion['matrix'])
    shares = counts / counts.sum(axis=1, keepdims=True).clip(1)
    side = 1.6 + 0.75 * len(kinds)
    figure, (panel,) = new_figure(side + 0.6, side)
    panel.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            ink = 'white' if shares[row, column] > 0.55 else 'black'
            text = f'{100 * shares[row, column]:.0f}\n({counts[row, column]})'
            panel.text(column, row, text, ha='center', va='center', color=ink, fontsize=8.5)
    panel.set_xticks(range(len(kinds)), kinds, rotation=30, ha='right')
    panel.set_yticks(range(len(kinds)), kinds)
    panel.grid(False)
    panel.set(xlabel='predicted kind', ylabel='true kind')
    panel.set_title('per cent of the true kind (queries)', fontsize=10)
    return save(figure, path)
