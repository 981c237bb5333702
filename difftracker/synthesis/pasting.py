"""Putting a sprite into a picture."""

from __future__ import annotations

import cv2
import numpy as np

from difftracker.synthesis.layer import Layer
from difftracker.synthesis.raster import blend, crop
from difftracker.synthesis.sprite import Sprite

VISIBLE = 0.35
# How far a pasted object's brightness is drawn towards its surroundings (0 not at all, 1 fully).
LIGHT_MATCH = 0.2


def match_light(sprite: Sprite, surroundings: np.ndarray) -> Sprite:
    """Returns the sprite with its brightness drawn a little towards that of the pixels around it.

    Args:
        sprite: The object.
        surroundings: `(h, w, 3)` uint8 pixels of the place.
    """
    own = float(sprite.rgb[sprite.alpha > 0.5].mean()) if np.any(sprite.alpha > 0.5) else 128.0
    gain = float(np.clip((surroundings.mean() + 20.0) / (own + 20.0), 0.4, 2.5)) ** LIGHT_MATCH
    table = np.clip(np.arange(256) * gain, 0, 255).astype(np.uint8)
    return Sprite(sprite.label, cv2.LUT(sprite.rgb, table), sprite.alpha, sprite.relative_size)


def paste(image: np.ndarray, sprite: Sprite, place: tuple[int, int]) -> tuple[Layer, np.ndarray]:
    """Lays a sprite on a picture; the parts beyond the border are cut off.

    Args:
        image: `(H, W, 3)` uint8; not changed.
        sprite: The object at its final size.
        place: Its top left corner `(x, y)` in px.

    Returns:
        The blended pixels, and the object's mask `(H, W)` bool.
    """
    height, width = image.shape[:2]
    x, y = place
    left, top = max(x, 0), max(y, 0)
    right, bottom = min(x + sprite.alpha.shape[1], width), min(y + sprite.alpha.shape[0], height)
    window = (left, top, right, bottom)
    inner = (left - x, top - y, right - x, bottom - y)
    alpha = crop(sprite.alpha, inner)
    pixels = blend(crop(image, window), crop(sprite.rgb, inner), alpha)
    mask = np.zeros((height, width), bool)
    crop(mask, window)[:] = alpha > VISIBLE
    return Layer(window, pixels, alpha > 0.01), mask


def lift(image: np.ndarray, mask: np.ndarray, window: tuple[int, int, int, int], label: str) -> Sprite:
    """Cuts an object out of a picture, its rim softened by about a pixel.

    Args:
        image: `(H, W, 3)` uint8.
        mask: `(H, W)` bool.
        window: The part of the picture to take, holding the mask.
        label: The object's name.
    """
    alpha = cv2.GaussianBlur(crop(mask, window).astype(np.float32), (0, 0), 0.8)
    alpha = np.clip(alpha * 1.6 - 0.3, 0.0, 1.0)
    return Sprite(label, crop(image, window).copy(), alpha, max(crop(mask, window).shape) / max(image.shape[:2]))
