"""One look for all plots: told apart without colour, readable at the width of a page."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from difftracker.evaluation.query_outcome import INVENTED, LOOSE_BOX, MISSED, RIGHT, SILENT, WRONG_CHANGE, WRONG_PLACE
from difftracker.utils.files import atomic_write
from difftracker.visualization.kind_style import (
    BLACK,
    BLUE,
    BLUISH_GREEN,
    ORANGE,
    REDDISH_PURPLE,
    SKY_BLUE,
    VERMILLION,
    Colour,
)

SETTINGS: dict[str, Any] = {
    'font.size': 10,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'axes.grid': True,
    'axes.axisbelow': True,
    'grid.color': '#dddddd',
    'grid.linewidth': 0.6,
    'hatch.linewidth': 0.6,
    'figure.dpi': 130,
}


def fraction(colour: Colour) -> tuple[float, float, float]:
    """Returns an 8-bit colour as matplotlib wants it."""
    red, green, blue = colour
    return red / 255, green / 255, blue / 255


# Yellow is left out: a line of it can hardly be seen on white.
LINE_COLOURS = [fraction(one) for one in (BLUE, VERMILLION, BLUISH_GREEN, REDDISH_PURPLE, ORANGE, SKY_BLUE, BLACK)]
LINE_PATTERNS = ['-', '--', '-.', ':', (0, (7, 1, 1, 1, 1, 1)), (0, (3, 1)), (0, (9, 2))]
MARKERS = ['o', 's', '^', 'D', 'v', 'p', 'h']
# Colour, hatch and colour of letters of each end of a query.
ERROR_STYLES: dict[str, tuple[tuple[float, float, float], str, str]] = {
    RIGHT: (fraction(BLUE), '', 'white'),
    LOOSE_BOX: (fraction(BLUISH_GREEN), '\\\\', 'white'),
    WRONG_CHANGE: (fraction(ORANGE), '//', 'black'),
    WRONG_PLACE: (fraction(VERMILLION), '..', 'black'),
    MISSED: ((0.85, 0.85, 0.85), '', 'black'),
    SILENT: (fraction(SKY_BLUE), '', 'black'),
    INVENTED: (fraction(REDDISH_PURPLE), 'xx', 'black'),
}


def line_style(place: int) -> dict[str, Any]:
    """Returns colour and pattern of the line at a place of a legend; both differ between neighbours."""
    return {'color': LINE_COLOURS[place % len(LINE_COLOURS)], 'linestyle': LINE_PATTERNS[place % len(LINE_PATTERNS)]}


def new_figure(width: float, height: float, panels: int = 1, **settings: Any) -> tuple[Figure, list[Axes]]:
    """Returns a figure, in inches, and its panels: one above the other with `height_ratios`, else side by side."""
    shape = (panels, 1) if 'height_ratios' in settings else (1, panels)
    with rc_context(SETTINGS):
        figure = Figure(figsize=(width, height), layout='constrained')
        grid = figure.subplots(*shape, squeeze=False, **settings)
    return figure, list(grid.flat)


def save(figure: Figure, path: Path) -> Path:
    """Writes a figure as PNG, whole or not at all."""
    buffer = io.BytesIO()
    with rc_context(SETTINGS):
        figure.savefig(buffer, format='png')
    return atomic_write(path, buffer.getvalue())
