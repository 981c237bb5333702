"""Small picture edits for the sample pairs: recolour, remove, paste, and what a camera does between two shots."""

from __future__ import annotations

import cv2
import numpy as np

Box = tuple[float, float, float, float]


def ellipse_mask(
    shape: tuple[int, ...], centre: tuple[int, int], axes: tuple[int, int], angle: float = 0
) -> np.ndarray:
    """Returns `(H, W)` uint8, 255 inside the ellipse; centre and half axes in pixels, angle in degrees."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.ellipse(mask, centre, axes, angle, 0, 360, 255, -1)
    return mask


def polygon_mask(shape: tuple[int, ...], points: list[tuple[int, int]]) -> np.ndarray:
    """Returns `(H, W)` uint8, 255 inside the polygon; points in pixels."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.array(points, np.int32)], 255)
    return mask


def hue_mask(image: np.ndarray, low: int, high: int, min_saturation: int = 60) -> np.ndarray:
    """Returns `(H, W)` uint8, 255 where the hue lies in `[low, high]` (OpenCV's 0 to 179; low > high wraps round)."""
    hue, saturation, _ = cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2HSV))
    inside = (hue >= low) & (hue <= high) if low <= high else (hue >= low) | (hue <= high)
    return np.where(inside & (saturation >= min_saturation), 255, 0).astype(np.uint8)


def mask_box(mask: np.ndarray) -> Box:
    """Returns the xyxy bounds of a mask in pixels."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def blend(image: np.ndarray, other: np.ndarray, mask: np.ndarray, softness: float = 1.2) -> np.ndarray:
    """Lays `other` over `image` inside the mask, with edges softened by a Gaussian of that many pixels."""
    weight = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), softness)[..., None]
    return (image * (1 - weight) + other * weight + 0.5).astype(np.uint8)


def recolour(image: np.ndarray, mask: np.ndarray, hue: int, saturation: float = 1.0, value: float = 1.0) -> np.ndarray:
    """Gives the masked surface another hue and keeps its shading; saturation and value are factors."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = hue
    hsv[..., 1] = np.clip(hsv[..., 1] * saturation, 0, 255)
    hsv[..., 2] = np.clip(hsv[..., 2] * value, 0, 255)
    return blend(image, cv2.cvtColor((hsv + 0.5).astype(np.uint8), cv2.COLOR_HSV2RGB), mask)


def remove(
    image: np.ndarray, mask: np.ndarray, rng: np.random.Generator, radius: int = 4, grain: float = 2.0
) -> np.ndarray:
    """Fills the mask from its surroundings (Telea's inpainting) and adds the grain that a fill lacks."""
    wide = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    filled = cv2.inpaint(image, wide, radius, cv2.INPAINT_TELEA)
    smooth = cv2.GaussianBlur(filled, (0, 0), 2.5)
    noise = rng.normal(0, grain, image.shape[:2])[..., None]
    return blend(image, np.clip(smooth + noise, 0, 255), wide, softness=1.5)


def paste(
    image: np.ndarray, patch: np.ndarray, mask: np.ndarray, offset: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Copies the masked part of `patch` (of the image's size), moved by `(dx, dy)` pixels.

    Returns:
        The new image and the mask at its new place.
    """
    matrix = np.float32([[1, 0, offset[0]], [0, 1, offset[1]]])
    size = (image.shape[1], image.shape[0])
    moved, moved_mask = cv2.warpAffine(patch, matrix, size), cv2.warpAffine(mask, matrix, size)
    return blend(image, moved, moved_mask, softness=0.8), moved_mask


def shaded_ball(image: np.ndarray, centre: tuple[int, int], radius: int, colour: tuple[int, int, int]) -> np.ndarray:
    """Draws a ball lit from the upper left, with a soft shadow on the ground."""
    shadow = ellipse_mask(image.shape, (centre[0] + radius // 2, centre[1] + radius - 1), (radius, radius // 4))
    weight = cv2.GaussianBlur(shadow.astype(np.float32) / 255, (0, 0), radius / 6)[..., None]
    image = (image * (1 - 0.6 * weight)).astype(np.uint8)
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    nx, ny = (x - centre[0]) / radius, (y - centre[1]) / radius
    nz = np.sqrt(np.clip(1 - nx**2 - ny**2, 0, 1))
    light = np.clip(0.25 + 0.85 * (-0.5 * nx - 0.6 * ny + 0.62 * nz), 0.12, 1.15)
    surface = np.clip(light[..., None] * np.float32(colour), 0, 255)
    return blend(image, surface, ellipse_mask(image.shape, centre, (radius, radius)), softness=0.8)


def second_shot(
    image: np.ndarray,
    rng: np.random.Generator,
    angle: float = 0.0,
    zoom: float = 1.03,
    shift: tuple[float, float] = (0.0, 0.0),
    gamma: float = 1.0,
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0),
    noise: float = 1.5,
) -> tuple[np.ndarray, np.ndarray]:
    """What differs between two shots although nothing changed: camera pose, exposure, white balance, sensor noise.

    Args:
        image: `(H, W, 3)` uint8 RGB.
        rng: Source of the noise.
        angle: Rotation about the centre in degrees.
        zoom: Factor above 1, so that rotation and shift uncover no border.
        shift: `(dx, dy)` in pixels.
        gamma: Exponent on brightness; below 1 is brighter.
        white_balance: Factors on red, green and blue.
        noise: Standard deviation of the noise in grey levels.

    Returns:
        The new image and the `(2, 3)` matrix from old to new pixels.
    """
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, zoom)
    matrix[:, 2] += shift
    moved = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT)
    light = 255 * (moved / 255.0) ** gamma * np.asarray(white_balance)
    grainy = light + rng.normal(0, noise, moved.shape[:2])[..., None]
    return np.clip(grainy + 0.5, 0, 255).astype(np.uint8), matrix


def map_box(box: Box, matrix: np.ndarray, shape: tuple[int, ...]) -> Box:
    """Returns the xyxy bounds of a box after the matrix, cut to the image and rounded to tenths of a pixel."""
    x1, y1, x2, y2 = box
    corners = np.array([[x1, y1, 1], [x2, y1, 1], [x2, y2, 1], [x1, y2, 1]]) @ matrix.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    width, height = shape[1], shape[0]
    clipped = (max(low[0], 0), max(low[1], 0), min(high[0], width), min(high[1], height))
    return tuple(round(float(value), 1) for value in clipped)
