"""Differences between systems with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .style import LINE_COLOURS, MARKERS, new_figure, save

Difference = tuple[float, float, float]


def plot_differences(
    names: Sequence[str], columns: Sequence[tuple[str, Sequence[Difference | None]]], title: str, path: Path
) -> Path:
    """Draws points with intervals, one line per group and one mark per system; hollow where zero lies inside.

    Args:
        names: Groups, from top to bottom.
        columns: Name of each system, and per group the difference with its low and high end, as shares.
        title: What is subtracted from what.
        path: PNG to write.
    """
    longest = max(len(name) for name in names)
    figure, (panel,) = new_figure(5 + 0.085 * longest, 1.4 + 0.3 * len(names) * max(1, 0.55 * len(columns)))
    step = 0.7 / len(columns)
    for place, (system, differences) in enumerate(columns):
        colour, marker = LINE_COLOURS[place % len(LINE_COLOURS)], MARKERS[place % len(MARKERS)]
        panel.plot([], [], marker, color=colour, label=system)
        for row, difference in enumerate(differences):
            if difference is None:
                continue
            value, low, high = (100 * part for part in difference)
            y = row + (place - (len(columns) - 1) / 2) * step
            panel.plot([low, high], [y, y], '-', color=colour, linewidth=1.6)
            clear = low > 0 or high < 0
            panel.plot(value, y, marker, color=colour, markerfacecolor=colour if clear else 'white', markersize=6)
    panel.axvline(0, color='black', linewidth=0.9)
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_xlabel('points (hollow: zero lies inside the 95 % interval)')
    panel.set_title(title, fontsize=10)
    if len(columns) > 1:
        figure.legend(frameon=False, loc='outside lower center', ncols=len(columns))
    return save(figure, path)
