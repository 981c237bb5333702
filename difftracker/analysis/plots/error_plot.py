"""What answers ended in, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes

from difftracker.evaluation.query_outcome import INVENTED, LOOSE_BOX, MISSED, RIGHT, SILENT, WRONG_CHANGE, WRONG_PLACE

from .style import ERROR_STYLES, new_figure, save

PANELS = (
    ('queries with one answer', (RIGHT, LOOSE_BOX, WRONG_CHANGE, WRONG_PLACE, MISSED)),
    ('queries without an answer', (SILENT, INVENTED)),
)
# Per cent; a narrower piece has no room for its number.
_MIN_LABEL = 4

Row = tuple[str, dict[str, int]]


def plot_errors(rows: Sequence[Row], path: Path) -> Path:
    """Draws one stacked bar per row, in per cent: single answers above, unanswerable queries below.

    Args:
        rows: Name and number of queries by kind of end; a row is left out where it has no such queries.
        path: PNG to write.
    """
    panels = []
    for title, kinds in PANELS:
        own = [(name, counts) for name, counts in rows if _total(counts, kinds)]
        if own:
            panels.append((title, kinds, own))
    heights = [len(own) + 2.4 for *_, own in panels]
    longest = max(len(name) for name, _ in rows)
    figure, axes = new_figure(5.5 + 0.08 * longest, 0.5 + 0.3 * sum(heights), len(panels), height_ratios=heights)
    for panel, (title, kinds, own) in zip(axes, panels, strict=True):
        _paint(panel, own, kinds)
        panel.set_title(title, fontsize=10, loc='left', pad=24)
        look = {'fontsize': 9, 'borderpad': 0.2, 'columnspacing': 1.2, 'frameon': False}
        panel.legend(loc='lower left', bbox_to_anchor=(-0.01, 1), ncols=len(kinds), **look)
        panel.set(xlim=(0, 100), ylim=(len(own) - 0.4, -0.6))
        panel.grid(False, axis='y')
        panel.set_yticks(range(len(own)), [name for name, _ in own])
    axes[-1].set_xlabel('per cent of these queries')
    return save(figure, path)


def _paint(panel: Axes, rows: Sequence[Row], kinds: Sequence[str]) -> None:
    left = [0.0] * len(rows)
    for kind in kinds:
        colour, hatch, ink = ERROR_STYLES[kind]
        widths = [100 * counts.get(kind, 0) / _total(counts, kinds) for _, counts in rows]
        look = {'color': colour, 'hatch': hatch, 'edgecolor': 'white', 'linewidth': 0.8}
        panel.barh(range(len(rows)), widths, 0.72, left, label=kind, **look)
        for place, width in enumerate(widths):
            if width >= _MIN_LABEL:
                backing = {'facecolor': colour, 'edgecolor': 'none', 'pad': 1.0}
                x = left[place] + width / 2
                panel.text(x, place, f'{width:.0f}', ha='center', va='center', color=ink, fontsize=9, bbox=backing)
            left[place] += width


def _total(counts: dict[str, int], kinds: Sequence[str]) -> int:
    return sum(counts.get(kind, 0) for kind in kinds)
