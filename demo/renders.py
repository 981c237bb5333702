"""Pictures drawn by code for the sample pairs: a settings page and a circuit board."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Box = tuple[float, float, float, float]

# Drawn at this multiple and reduced, so that edges are smooth.
_FINE = 3


class _Pen:
    """Draws in pixels of the final picture."""

    def __init__(self, width: int, height: int, colour: str) -> None:
        self._image = Image.new('RGB', (width * _FINE, height * _FINE), colour)
        self._draw = ImageDraw.Draw(self._image)
        self._size = (width, height)

    def box(self, x1: float, y1: float, x2: float, y2: float, colour: str, radius: float = 0) -> None:
        corners = tuple(round(v * _FINE) for v in (x1, y1, x2, y2))
        self._draw.rounded_rectangle((*corners[:2], corners[2] - 1, corners[3] - 1), radius * _FINE, fill=colour)

    def disc(self, x: float, y: float, radius: float, colour: str) -> None:
        self._draw.ellipse(tuple(v * _FINE for v in (x - radius, y - radius, x + radius, y + radius)), fill=colour)

    def line(self, points: list[tuple[float, float]], colour: str, width: float) -> None:
        scaled = [(x * _FINE, y * _FINE) for x, y in points]
        self._draw.line(scaled, fill=colour, width=round(width * _FINE), joint='curve')
        for x, y in (points[0], points[-1]):
            self.disc(x, y, width / 2, colour)

    def text(
        self, x: float, y: float, text: str, colour: str, size: float, anchor: str = 'lm', bold: bool = False
    ) -> None:
        self._draw.text((x * _FINE, y * _FINE), text, fill=colour, font=_font(round(size * _FINE), bold), anchor=anchor)

    def picture(self) -> Image.Image:
        return self._image.resize(self._size, Image.Resampling.LANCZOS)


def _font(size: int, bold: bool) -> ImageFont.FreeTypeFont:
    folder = Path(importlib.util.find_spec('matplotlib').submodule_search_locations[0]) / 'mpl-data' / 'fonts' / 'ttf'
    return ImageFont.truetype(str(folder / ('DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf')), size)


def render_panel() -> tuple[np.ndarray, np.ndarray, dict[str, Box]]:
    """Returns a settings page before and after, and the places that change, xyxy pixels; 480 x 320."""
    places = {
        'button': (372.0, 270.0, 460.0, 298.0),
        'badge': (94.0, 93.0, 114.0, 113.0),
        'knob_before': (388.0, 116.0, 404.0, 132.0),
        'knob_after': (234.0, 116.0, 250.0, 132.0),
    }
    return _panel(changed=False), _panel(changed=True), places


def _panel(changed: bool) -> np.ndarray:
    pen = _Pen(480, 320, '#f4f6f9')
    pen.box(0, 0, 480, 40, '#26324a')
    pen.disc(22, 20, 9, '#5fd0c5')
    pen.text(40, 20, 'Greenhouse', '#ffffff', 13, bold=True)
    pen.text(464, 20, 'Bay 4', '#b9c3d6', 11, anchor='rm')
    pen.box(0, 40, 130, 320, '#e4e9f1')
    for row, name in enumerate(('Overview', 'Alerts', 'Climate', 'Water', 'Archive')):
        y = 70 + 33 * row
        if name == 'Climate':
            pen.box(8, y - 14, 122, y + 14, '#ffffff', 5)
        pen.box(18, y - 6, 30, y + 6, '#7c8aa5', 3)
        pen.text(38, y, name, '#2b3648', 11)
    if not changed:
        pen.disc(104, 103, 10, '#d6362b')
        pen.text(104, 103, '7', '#ffffff', 10, anchor='mm', bold=True)
    pen.box(146, 54, 464, 252, '#ffffff', 8)
    pen.text(162, 76, 'Climate', '#1d2636', 14, bold=True)
    for row, (name, at) in enumerate((('Heat', 0.2 if changed else 0.9), ('Light', 0.55), ('Fan', 0.35))):
        _slider(pen, 124 + 38 * row, name, at)
    pen.line([(162, 222), (448, 222)], '#d8dee8', 1)
    pen.text(162, 238, 'Night mode starts at 21:30', '#5b6880', 10)
    pen.box(276, 270, 362, 298, '#dfe5ee', 6)
    pen.text(319, 284, 'Cancel', '#2b3648', 11, anchor='mm')
    pen.box(372, 270, 460, 298, '#e08a1e' if changed else '#2f6fde', 6)
    pen.text(416, 284, 'Save', '#ffffff', 11, anchor='mm', bold=True)
    return np.asarray(pen.picture())


def _slider(pen: _Pen, y: float, name: str, at: float) -> None:
    left, right = 198, 418
    knob = left + (right - left) * at
    pen.text(162, y, name, '#2b3648', 11)
    pen.box(left, y - 2, right, y + 2, '#d8dee8', 2)
    pen.disc(knob, y, 8, '#3a9188')
    pen.disc(knob, y, 5, '#e9f6f4')


def render_board() -> tuple[np.ndarray, np.ndarray, dict[str, Box]]:
    """Returns a circuit board before and after, and the places that change, xyxy pixels; 420 x 340."""
    places = {
        'open': (196.0, 258.0, 214.0, 276.0),
        'short': (326.0, 116.0, 342.0, 136.0),
        'part': (60.0, 76.0, 96.0, 96.0),
    }
    return _board(changed=False), _board(changed=True), places


def _board(changed: bool) -> np.ndarray:
    mask, copper, gold, white = '#1d5a3a', '#3f8f5f', '#d8b45a', '#e8efe9'
    pen = _Pen(420, 340, mask)
    for x, y in ((18, 18), (402, 18), (18, 322), (402, 322)):
        pen.disc(x, y, 11, gold)
        pen.disc(x, y, 6, '#20262a')
    for lane in range(6):
        y = 116 + 16 * lane
        pen.line([(232, y + 4), (262 + 6 * lane, y + 4), (280 + 6 * lane, y - 2 + 4), (392, y + 2)], copper, 4)
        pen.line([(142, y + 4), (82 + 6 * lane, y + 4), (82 + 6 * lane, 226), (30 + 16 * lane, 248)], copper, 3.5)
    pen.line([(40, 267), (120, 267), (380, 267)], copper, 5)
    pen.line([(60, 306), (380, 306)], copper, 5)
    pen.line([(92, 86), (150, 86), (170, 60), (300, 60), (392, 60)], copper, 4)
    if changed:
        pen.box(201, 262, 209, 272, mask, 1)
        pen.box(332, 118, 336, 136, copper, 1)
    for lane in range(6):
        for x in (392, 142, 232):
            y = 118 + 16 * lane if x == 392 else 120 + 16 * lane
            pen.disc(x, y, 5, gold)
        pen.disc(30 + 16 * lane, 248, 4, gold)
    _chip(pen, 146, 106, 228, 212, 'DT-42')
    _chip(pen, 262, 222, 338, 254, 'U7')
    for number, (x, y) in enumerate(((60, 76), (60, 40), (200, 282), (300, 282), (352, 34))):
        if not (changed and number == 0):
            _capacitor(pen, x, y)
        else:
            pen.box(x, y + 2, x + 8, y + 18, gold, 1)
            pen.box(x + 28, y + 2, x + 36, y + 18, gold, 1)
    pen.text(210, 30, 'DIFFTRACKER  REV B', white, 10, anchor='mm', bold=True)
    return np.asarray(pen.picture().filter(ImageFilter.GaussianBlur(0.5)))


def _chip(pen: _Pen, x1: float, y1: float, x2: float, y2: float, name: str) -> None:
    pen.box(x1, y1, x2, y2, '#23272b', 3)
    pen.disc(x1 + 9, y1 + 9, 3, '#4a5157')
    pen.text((x1 + x2) / 2, (y1 + y2) / 2, name, '#b8c0c4', 11, anchor='mm')


def _capacitor(pen: _Pen, x: float, y: float) -> None:
    pen.box(x, y, x + 36, y + 20, '#c9ced2', 2)
    pen.box(x + 9, y, x + 27, y + 20, '#b08a5e')
