"""Colours of coats, walls and light."""

from __future__ import annotations

import numpy as np

from tools.scenes3d.description import Vector

# sRGB; each keeps its basic colour word in most light.
COATS: dict[str, Vector] = {
    'red': (0.72, 0.10, 0.09),
    'orange': (0.90, 0.45, 0.08),
    'yellow': (0.93, 0.79, 0.16),
    'green': (0.14, 0.46, 0.16),
    'blue': (0.12, 0.28, 0.70),
    'purple': (0.42, 0.16, 0.56),
    'pink': (0.90, 0.50, 0.63),
    'brown': (0.38, 0.22, 0.11),
    'white': (0.92, 0.91, 0.88),
    'grey': (0.42, 0.43, 0.44),
    'black': (0.06, 0.06, 0.07),
}
WALLS: tuple[Vector, ...] = (
    (0.88, 0.86, 0.81), (0.74, 0.78, 0.80), (0.80, 0.72, 0.60), (0.60, 0.68, 0.64), (0.83, 0.76, 0.74),
    (0.48, 0.55, 0.62), (0.90, 0.89, 0.88), (0.70, 0.62, 0.55),
)  # fmt: skip
WOODS: tuple[tuple[Vector, Vector], ...] = (
    ((0.55, 0.38, 0.24), (0.47, 0.31, 0.19)),
    ((0.72, 0.56, 0.38), (0.66, 0.49, 0.32)),
    ((0.36, 0.24, 0.16), (0.30, 0.19, 0.12)),
    ((0.66, 0.60, 0.53), (0.58, 0.52, 0.46)),
)
STONES: tuple[tuple[Vector, Vector], ...] = (
    ((0.78, 0.77, 0.74), (0.70, 0.69, 0.67)),
    ((0.46, 0.47, 0.49), (0.40, 0.41, 0.43)),
    ((0.86, 0.80, 0.70), (0.80, 0.73, 0.62)),
    ((0.30, 0.33, 0.36), (0.24, 0.27, 0.30)),
)
# Shades of daylight and of lamps.
WARMTH: tuple[Vector, ...] = ((1.0, 0.96, 0.90), (1.0, 0.88, 0.72), (1.0, 0.99, 0.98), (0.90, 0.95, 1.0))
SKIES: tuple[Vector, ...] = ((0.75, 0.85, 1.0), (0.90, 0.93, 1.0), (1.0, 0.95, 0.88), (0.97, 0.97, 0.97))


def draw_coat(rng: np.random.Generator, apart_from: Vector | None = None) -> Vector:
    """Draws a coat that differs clearly from another and varies a little from the table."""
    colours = [colour for colour in COATS.values() if apart_from is None or _distance(colour, apart_from) > 0.35]
    base = np.array(colours[int(rng.integers(len(colours)))])
    shade = np.clip(base * rng.uniform(0.88, 1.1), 0, 1)
    return tuple(round(float(value), 3) for value in shade)


def to_linear(colour: Vector) -> Vector:
    """Returns an sRGB colour in linear light (IEC 61966-2-1)."""
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour)
    return red, green, blue


def _distance(first: Vector, second: Vector) -> float:
    return float(np.linalg.norm(np.subtract(first, second)))
