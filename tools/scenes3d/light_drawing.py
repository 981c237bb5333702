"""Light, camera and exposure of the two shots: what may differ without being a change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tools.scenes3d.description import Camera, Light, Vector
from tools.scenes3d.layouts.layout import pick
from tools.scenes3d.layouts.layout_plan import LayoutPlan
from tools.scenes3d.palette import SKIES, WARMTH

LEVELS = ('none', 'aligned', 'hand-held')


def draw_light(plan: LayoutPlan, rng: np.random.Generator) -> Light:
    """Draws the light of a scene; it comes from the camera's half of the sky, so that walls do not stop it."""
    outdoor = plan.outdoor
    azimuth = float(np.mean(plan.azimuth)) + float(rng.uniform(-75, 75))
    return Light(
        azimuth=_round(azimuth),
        elevation=_round(rng.uniform(26, 64)),
        strength=_round(rng.uniform(2.6, 4.6) if outdoor else rng.uniform(0.8, 3.2)),
        colour=pick(WARMTH, rng),
        softness=_round(rng.uniform(0.6, 3.0) if outdoor else rng.uniform(2.0, 12.0)),
        sky=pick(SKIES[:2] if outdoor else SKIES, rng),
        sky_strength=_round(rng.uniform(0.5, 0.9) if outdoor else rng.uniform(0.3, 0.6)),
        lamp=plan.lamp,
        lamp_power=_round(rng.uniform(60, 220)) if plan.lamp else 0.0,
    )


def draw_camera(plan: LayoutPlan, rng: np.random.Generator) -> Camera:
    """Draws a camera on an arc around the scene's middle."""
    angles = float(rng.uniform(*plan.azimuth)), float(rng.uniform(*plan.elevation))
    target = tuple(_round(value + rng.normal(0, 0.08)) for value in plan.target)
    return Camera(
        _orbit(target, float(rng.uniform(*plan.distance)), *angles), target, 0.0, _round(rng.uniform(*plan.focal))
    )


def other_light(light: Light, rng: np.random.Generator) -> Light:
    """Draws the same place's light some time later: shadows have moved, lamps were dimmed."""
    return replace(
        light,
        azimuth=_round(light.azimuth + float(np.clip(rng.normal(0, 20), -50, 50))),
        elevation=_round(np.clip(light.elevation + rng.normal(0, 8), 22, 70)),
        strength=_round(light.strength * rng.uniform(0.7, 1.35)),
        colour=pick(WARMTH, rng) if rng.random() < 0.35 else light.colour,
        sky_strength=_round(light.sky_strength * rng.uniform(0.8, 1.25)),
        lamp_power=_round(light.lamp_power * rng.uniform(0.6, 1.4)),
    )


def other_camera(camera: Camera, rng: np.random.Generator) -> Camera:
    """Draws a camera that a hand has held at nearly the same place."""
    offset = np.subtract(camera.position, camera.target)
    distance = float(np.linalg.norm(offset))
    elevation = float(np.degrees(np.arcsin(offset[2] / distance)))
    azimuth = float(np.degrees(np.arctan2(offset[0], -offset[1])))
    target = tuple(_round(value) for value in np.add(camera.target, rng.normal(0, 0.008 * distance, 3)))
    position = _orbit(
        target,
        distance * float(rng.uniform(0.975, 1.025)),
        azimuth + float(np.clip(rng.normal(0, 1.2), -3, 3)),
        elevation + float(np.clip(rng.normal(0, 0.8), -2, 2)),
    )
    return Camera(
        position, target, _round(np.clip(rng.normal(0, 0.8), -2, 2)), _round(camera.focal * rng.uniform(0.99, 1.01))
    )


def draw_exposure(rng: np.random.Generator) -> float:
    """Draws the exposure of one shot in stops."""
    return _round(rng.uniform(-0.3, 0.3))


def _orbit(target: Vector, distance: float, azimuth: float, elevation: float) -> Vector:
    turn, lift = np.radians(azimuth), np.radians(elevation)
    direction = np.array([np.sin(turn) * np.cos(lift), -np.cos(turn) * np.cos(lift), np.sin(lift)])
    return tuple(_round(value) for value in np.array(target) + distance * direction)


def _round(value: float) -> float:
    return round(float(value), 4)
