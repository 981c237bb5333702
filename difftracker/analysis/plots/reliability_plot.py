"""How often answers of a score are right."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .style import MARKERS, line_style, new_figure, save


def plot_reliability(panels: Sequence[tuple[str, Sequence[tuple[str, list[dict]]]]], path: Path) -> Path:
    """Draws reliability diagrams side by side; the size of a mark grows with the number of answers.

    Args:
        panels: Title, and in it name and rows of `reliability` of each set.
        path: PNG to write.
    """
    figure, axes = new_figure(4.3 * len(panels), 4.9, len(panels), sharey=True)
    for panel, (title, curves) in zip(axes, panels, strict=True):
        panel.plot([0, 100], [0, 100], color='#999999', linewidth=1, zorder=1)
        for place, (name, rows) in enumerate(curves):
            style = line_style(place)
            x = [100 * row['score'] for row in rows]
            y = [100 * row['right'] for row in rows]
            total = sum(row['count'] for row in rows)
            areas = [12 + 260 * row['count'] / total for row in rows]
            marker = MARKERS[place % len(MARKERS)]
            label = name if panel is axes[0] else None
            panel.plot(x, y, linewidth=1.4, marker=marker, markersize=4, label=label, **style)
            panel.scatter(x, y, areas, color=style['color'], marker=marker, edgecolor='white', zorder=3)
        panel.set(xlim=(0, 100), ylim=(0, 100), xlabel='score of the best box, per cent')
        panel.set_aspect('equal')
        panel.set_title(title, fontsize=10)
    axes[0].set_ylabel('right answers, per cent')
    figure.legend(frameon=False, loc='outside lower center', ncols=max(len(curves) for _, curves in panels))
    return save(figure, path)
