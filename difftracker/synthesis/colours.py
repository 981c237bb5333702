"""Basic colour words for regions of a picture.

Thresholds in CIELAB and HSV are our own choice, set on Munsell-like patches so that a word is given only where most
people would give it; everything else is None.
"""

from __future__ import annotations

import cv2
import numpy as np

COLOURS: tuple[str, ...] = (
    'red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'brown', 'white', 'grey', 'black',
)  # fmt: skip

# Words that people could swap for one another on the same thing; used to keep sentences clear.
_CONFUSABLE: tuple[tuple[str, str], ...] = (
    ('red', 'orange'), ('red', 'pink'), ('red', 'brown'), ('red', 'purple'), ('orange', 'yellow'), ('orange', 'brown'),
    ('orange', 'pink'), ('yellow', 'green'), ('yellow', 'brown'), ('yellow', 'white'), ('green', 'blue'),
    ('green', 'black'), ('green', 'grey'), ('green', 'brown'), ('blue', 'purple'), ('blue', 'grey'), ('blue', 'black'),
    ('purple', 'pink'), ('purple', 'black'), ('purple', 'grey'), ('pink', 'white'), ('pink', 'brown'),
    ('brown', 'black'), ('brown', 'grey'), ('white', 'grey'), ('grey', 'black'), ('yellow', 'grey'), ('blue', 'white'),
)  # fmt: skip

_DOMINANT_SHARE = 0.55
_MAX_PIXELS = 20_000


def confusable(first: str, second: str) -> bool:
    """Says whether two different colour words could be given to the same thing."""
    return (first, second) in _CONFUSABLE or (second, first) in _CONFUSABLE


def colour_indices(pixels: np.ndarray) -> np.ndarray:
    """Names each pixel.

    Args:
        pixels: `(N, 3)` uint8 RGB.

    Returns:
        `(N,)` int64 positions in `COLOURS`.
    """
    image = np.ascontiguousarray(pixels.reshape(1, -1, 3))
    lab = cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    lightness, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
    hsv_hue = 2.0 * cv2.cvtColor(image, cv2.COLOR_RGB2HSV)[0, :, 0]
    names = np.full(len(lightness), COLOURS.index('grey'), dtype=np.int64)

    def assign(mask: np.ndarray, name: str) -> None:
        names[mask] = COLOURS.index(name)

    # Hue bands of CIELAB in degrees; low lightness turns red and orange into brown, high lightness red into pink.
    assign((hue >= 345) | (hue < 48), 'red')
    assign((hue >= 48) & (hue < 76), 'orange')
    assign((hue >= 76) & (hue < 107), 'yellow')
    assign((hue >= 107) & (hue < 190), 'green')
    assign((hue >= 190) & (hue < 303), 'blue')
    assign((hue >= 303) & (hue < 345), 'purple')
    # CIELAB bends blue towards purple; HSV's hue does not.
    assign((hue >= 290) & (hue < 320) & (hsv_hue >= 200) & (hsv_hue < 254), 'blue')
    assign((hue >= 335) & (hue < 345) & (lightness > 50), 'pink')
    assign(((hue >= 345) | (hue < 40)) & (lightness > 62), 'pink')
    assign(((hue >= 345) | (hue < 12)) & (lightness > 48), 'pink')
    assign((hue >= 315) & (lightness > 75), 'pink')
    assign((hue >= 25) & (hue < 76) & (lightness < 58) & (chroma < 58), 'brown')
    assign((hue >= 48) & (hue < 90) & (lightness < 52), 'brown')
    assign((hue >= 40) & (hue < 80) & (lightness < 70) & (chroma < 38), 'brown')

    neutral = chroma < np.where(lightness < 30, 14, 12)
    assign(neutral, 'grey')
    assign((chroma < 10) & (lightness > 86), 'white')
    assign((lightness < 22) & (chroma < 20) | (lightness < 10), 'black')
    return names


def colour_name(pixels: np.ndarray) -> str | None:
    """Names the colour that dominates a region.

    Args:
        pixels: `(N, 3)` uint8 RGB pixels of the region, any order. Large regions are thinned evenly.

    Returns:
        A word of `COLOURS`, or None where none covers more than 55 % of the region or the region is empty.
    """
    pixels = np.asarray(pixels, dtype=np.uint8).reshape(-1, 3)
    if len(pixels) == 0:
        return None
    pixels = pixels[:: max(1, len(pixels) // _MAX_PIXELS)]
    counts = np.bincount(colour_indices(pixels), minlength=len(COLOURS))
    best = int(counts.argmax())
    return COLOURS[best] if counts[best] > _DOMINANT_SHARE * len(pixels) else None
