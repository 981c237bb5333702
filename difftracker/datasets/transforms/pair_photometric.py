"""Light, colour and camera noise, separately for each image of a pair."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS

BANK_SIZE = 1024
BANK_SIGMA = 32.0


@TRANSFORMS.register_module()
class PairPhotometric(BaseTransform):
    """Changes brightness, contrast, white balance, gamma, sharpness, noise and compression of each image on its own.

    None of that is a change that a sentence asks for. The tone changes of an image go into one look-up table.

    Args:
        prob: Share of images whose tones change.
        brightness: Largest brightness offset, as a share of the full range.
        contrast: Largest relative change of contrast.
        white_balance: Largest relative gain of a colour channel.
        gamma: Largest change of gamma's logarithm.
        noise_prob: Share of images with noise.
        noise: Largest standard deviation of the noise, in grey levels.
        blur_prob: Share of images with blur.
        blur: Largest standard deviation of the blur, in pixels.
        jpeg_prob: Share of images that are compressed once more.
        jpeg_quality: Lowest and highest JPEG quality.
    """

    def __init__(
        self,
        prob: float = 0.7,
        brightness: float = 0.1,
        contrast: float = 0.15,
        white_balance: float = 0.06,
        gamma: float = 0.15,
        noise_prob: float = 0.25,
        noise: float = 5.0,
        blur_prob: float = 0.15,
        blur: float = 1.0,
        jpeg_prob: float = 0.2,
        jpeg_quality: tuple[int, int] = (50, 95),
    ) -> None:
        shares = {'prob': prob, 'noise_prob': noise_prob, 'blur_prob': blur_prob, 'jpeg_prob': jpeg_prob}
        for name, share in shares.items():
            if not 0 <= share <= 1:
                raise ConfigError(f'{name} of PairPhotometric must lie in [0, 1], found {share}')
        self.shares = shares
        self.brightness = brightness
        self.contrast = contrast
        self.white_balance = white_balance
        self.gamma = gamma
        self.noise = noise
        self.blur = blur
        self.jpeg_quality = tuple(jpeg_quality)

    def transform(self, results: dict) -> dict:
        """Changes both images, with draws of their own."""
        for side in ('before', 'after'):
            results[f'img_{side}'] = self._change(results[f'img_{side}'], results['rng'])
        return results

    def _change(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        # All that decides is drawn at once, so that one setting does not shift the draws of the next.
        tones, blurred, noisy, compressed = rng.random(4)
        amounts = rng.uniform(-1, 1, size=6)
        strengths = rng.random(3)
        offset = rng.integers(0, BANK_SIZE, size=2)
        if tones < self.shares['prob']:
            image = cv2.LUT(image, self._table(amounts))
        if blurred < self.shares['blur_prob']:
            image = cv2.GaussianBlur(image, (0, 0), max(0.2, self.blur * strengths[0]))
        if noisy < self.shares['noise_prob']:
            noise = _noise_like(image, offset)
            image = cv2.addWeighted(image, 1.0, noise, self.noise * strengths[1] / BANK_SIGMA, 0.0, dtype=cv2.CV_8U)
        if compressed < self.shares['jpeg_prob']:
            low, high = self.jpeg_quality
            quality = round(low + (high - low) * strengths[2])
            # Channel order only decides how the file names its colours, but chroma must be computed from true RGB.
            written = cv2.imencode('.jpg', image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            image = np.ascontiguousarray(cv2.imdecode(written, cv2.IMREAD_COLOR)[..., ::-1])
        return image

    def _table(self, amounts: np.ndarray) -> np.ndarray:
        """One table per channel, `(256, 1, 3)` uint8."""
        gains = 1 + self.white_balance * amounts[3:6]
        levels = np.linspace(0, 1, 256)[:, None] * gains
        levels = (levels - 0.5) * (1 + self.contrast * amounts[1]) + 0.5 + self.brightness * amounts[0]
        levels = levels.clip(0, 1) ** np.exp(self.gamma * amounts[2])
        return np.round(levels * 255).astype(np.uint8)[:, None, :]


@lru_cache(maxsize=1)
def _noise_bank() -> np.ndarray:
    """Normal noise, drawn once: drawing it per image would cost more than all the rest."""
    noise = np.random.default_rng(0).standard_normal((BANK_SIZE, BANK_SIZE, 3), dtype=np.float32)
    return np.round(noise * BANK_SIGMA).clip(-127, 127).astype(np.int8)


def _noise_like(image: np.ndarray, offset: np.ndarray) -> np.ndarray:
    height, width = image.shape[:2]
    bank = _noise_bank()
    rows = np.arange(offset[0], offset[0] + height) % BANK_SIZE
    columns = np.arange(offset[1], offset[1] + width) % BANK_SIZE
    return bank[rows][:, columns]
