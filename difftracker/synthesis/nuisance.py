"""What differs between two photographs of one place although nothing changed: light, colour cast, grain, blur, JPEG."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from difftracker.errors import ConfigError

LEVELS = ('none', 'aligned', 'hand-held')


@dataclass(frozen=True)
class Nuisance:
    """Draws and applies photometric nuisance; each image of a pair gets its own draw.

    Attributes:
        strength: 1 is what two shots of one phone minutes apart show; 0 changes nothing but compression.
    """

    strength: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= 3.0:
            raise ConfigError(f'nuisance strength: expected 0 to 3, found {self.strength}')

    def apply(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the image `(H, W, 3)` uint8 as another moment and another exposure would show it."""
        image = cv2.LUT(image, self._tone_table(rng))
        if rng.random() < 0.25:
            image = self._uneven_light(image, rng)
        if rng.random() < 0.3:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.35, 0.35 + 0.6 * self.strength))
        if rng.random() < 0.5:
            image = self._grain(image, rng)
        if rng.random() < 0.5:
            image = jpeg_round_trip(image, int(rng.integers(55, 96)))
        return image

    def _tone_table(self, rng: np.random.Generator) -> np.ndarray:
        """Exposure, contrast, gamma and white balance as one table, `(1, 256, 3)` uint8."""
        level = np.arange(256, dtype=np.float64) / 255.0
        size = self.strength * (1.0 if rng.random() < 0.8 else 0.3)
        gamma = np.exp(rng.uniform(-0.22, 0.22) * size)
        contrast = 1.0 + rng.uniform(-0.18, 0.18) * size
        brightness = rng.uniform(-0.08, 0.08) * size
        cast = np.exp(rng.uniform(-0.07, 0.07, 3) * size)
        tone = (level**gamma - 0.5) * contrast + 0.5 + brightness
        table = np.clip(tone[:, None] * cast[None, :], 0.0, 1.0)
        return np.rint(table * 255).astype(np.uint8)[None]

    def _uneven_light(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Multiplies by a very smooth field: a window's light, a cloud, vignetting."""
        field = (1.0 + rng.uniform(-0.16, 0.16, (3, 3)) * self.strength).astype(np.float32)
        field = cv2.resize(field, (image.shape[1], image.shape[0]), interpolation=cv2.INTER_CUBIC)
        return np.clip(np.rint(image * field[..., None]), 0, 255).astype(np.uint8)

    def _grain(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Adds sensor noise, the same in all channels in part."""
        sigma = rng.uniform(1.0, 1.0 + 5.0 * self.strength)
        grey = rng.standard_normal(image.shape[:2], dtype=np.float32)
        noisy = image.astype(np.float32) + (grey * np.float32(sigma))[..., None]
        return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def encode_jpeg(image: np.ndarray, quality: int) -> bytes:
    """Returns an RGB image `(H, W, 3)` uint8 as JPEG."""
    done, data = cv2.imencode('.jpg', image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f'JPEG encoding of an image of shape {image.shape} failed')
    return data.tobytes()


def jpeg_round_trip(image: np.ndarray, quality: int) -> np.ndarray:
    """Returns the image with the marks of JPEG compression."""
    data = np.frombuffer(encode_jpeg(image, quality), np.uint8)
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
