"""Procedural surfaces: each function draws `(h, w)` float32 in `[0, 1]`, the share of the second colour."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np


def _grid(height: int, width: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns coordinates in px, turned by a random angle."""
    angle = rng.uniform(0, np.pi)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return x * cos - y * sin, x * sin + y * cos


def _period(height: int, width: int, rng: np.random.Generator) -> float:
    """Returns a spacing that shows three to nine repeats over the shorter side, never under 5 px."""
    return float(max(min(height, width) / rng.uniform(3, 9), 5.0))


def _edge(wave: np.ndarray) -> np.ndarray:
    """Turns a wave in `[-1, 1]` into two flat levels with a soft edge."""
    return np.clip(wave * 4.0 + 0.5, 0.0, 1.0)


def stripes(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Straight stripes."""
    x, _ = _grid(height, width, rng)
    return _edge(np.sin(x * np.float32(2 * np.pi / _period(height, width, rng))))


def checks(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """A checkerboard."""
    x, y = _grid(height, width, rng)
    factor = np.float32(np.pi / _period(height, width, rng))
    return _edge(np.sin(x * factor) * np.sin(y * factor) * 2.0)


def dots(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Round dots on a grid."""
    x, y = _grid(height, width, rng)
    period = np.float32(_period(height, width, rng))
    distance = np.hypot((x % period) - period / 2, (y % period) - period / 2)
    return np.clip((period * np.float32(rng.uniform(0.24, 0.36)) - distance) + 0.5, 0.0, 1.0)


def zigzag(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Zigzag bands."""
    x, y = _grid(height, width, rng)
    period = np.float32(_period(height, width, rng))
    return _edge(np.sin((y + np.abs((x % period) - period / 2)) * np.float32(2 * np.pi) / period))


def _smooth_noise(height: int, width: int, cell: float, rng: np.random.Generator) -> np.ndarray:
    """Noise whose grains are `cell` px wide, spread over `[0, 1]`."""
    size = (max(int(width / cell) + 2, 2), max(int(height / cell) + 2, 2))
    coarse = rng.random((size[1], size[0]), dtype=np.float32)
    fine = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(fine, 0.0, 1.0)


def marble(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Cloudy veins."""
    cell = _period(height, width, rng)
    noise = 0.6 * _smooth_noise(height, width, cell, rng) + 0.4 * _smooth_noise(height, width, cell / 3, rng)
    return np.clip(1.0 - np.abs(noise - 0.5) * 6.0, 0.0, 1.0)


def wood(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Bent grain lines."""
    x, y = _grid(height, width, rng)
    period = np.float32(_period(height, width, rng))
    bend = _smooth_noise(height, width, float(period) * 3, rng) * period * 2
    return 0.5 + 0.5 * np.sin((x + bend + 0.1 * y) * np.float32(2 * np.pi) / period)


def speckle(height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Coarse grains like terrazzo."""
    noise = _smooth_noise(height, width, max(_period(height, width, rng) / 2.5, 2.5), rng)
    return np.clip((noise - 0.55) * 8.0, 0.0, 1.0)


PATTERNS: tuple[Callable[[int, int, np.random.Generator], np.ndarray], ...] = (stripes, checks, dots, zigzag)
TEXTURES: tuple[Callable[[int, int, np.random.Generator], np.ndarray], ...] = (marble, wood, speckle)
