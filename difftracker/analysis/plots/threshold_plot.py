"""Figures against the score threshold."""

from __future__ import annotations

from pathlib import Path

from .style import line_style, new_figure, save

LINES = (
    ('acc50_one_change', 'Acc@0.5, pair of one change'),
    ('acc50_multi', 'Acc@0.5, two or more changes'),
    ('none_accuracy', 'unanswerable, None'),
    ('score', 'their mean'),
)


def plot_thresholds(curves: dict[str, list[float] | None], chosen: float, path: Path) -> Path:
    """Draws what `sweep_thresholds` found, with the chosen threshold."""
    figure, (panel,) = new_figure(6, 4.4)
    for place, (name, title) in enumerate(LINES):
        values = curves[name]
        if values is not None:
            style = {'linewidth': 2.6 if name == 'score' else 1.6, **line_style(place)}
            panel.plot(curves['threshold'], [100 * value for value in values], label=title, **style)
    panel.axvline(chosen, color='black', linewidth=1)
    panel.text(chosen + 0.01, 2, f'{chosen:.2f}', fontsize=10)
    panel.set(xlim=(0, 1), ylim=(0, 100), xlabel='score threshold', ylabel='per cent')
    figure.legend(frameon=False, loc='outside lower center', ncols=2, fontsize=9)
    return save(figure, path)
