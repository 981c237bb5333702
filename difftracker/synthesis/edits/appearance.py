"""The same object with another surface."""

from __future__ import annotations

import numpy as np

from difftracker.synthesis.colours import colour_name
from difftracker.synthesis.draft import Draft
from difftracker.synthesis.layer import Layer
from difftracker.synthesis.raster import blend, crop, from_lab, mask_window, soft_mask, to_lab
from difftracker.synthesis.stage import Stage
from difftracker.synthesis.textures import PATTERNS, TEXTURES

LARGEST_SHARE = 0.45
ATTRIBUTES = ('colour', 'pattern', 'texture', 'brightness')
SHARES = (0.55, 0.17, 0.14, 0.14)
# One typical RGB value of each colour that an object can be given.
PAINTS = {
    'red': (200, 28, 36),
    'orange': (240, 126, 20),
    'yellow': (238, 212, 40),
    'green': (38, 150, 58),
    'blue': (36, 84, 205),
    'purple': (126, 48, 165),
    'pink': (242, 132, 182),
    'brown': (116, 70, 36),
    'black': (26, 26, 28),
    'white': (240, 240, 240),
    'grey': (128, 128, 128),
}


class AppearanceEdit:
    """Changes colour, pattern, texture or brightness of an object; its shading stays."""

    def propose(self, stage: Stage, rng: np.random.Generator) -> Draft | None:
        """Returns the change, or None when there is no object to take."""
        instance = stage.choose(LARGEST_SHARE, rng, whole=False)
        if instance is None:
            return None
        attribute = ATTRIBUTES[int(rng.choice(len(ATTRIBUTES), p=SHARES))]
        window = mask_window(instance.mask, 1)
        part, mask = crop(stage.base, window), crop(instance.mask, window)
        lab = to_lab(part)
        if attribute == 'colour':
            changed = self._paint(lab, mask, self._other_paint(part[mask], rng), rng)
        elif attribute == 'brightness':
            changed = self._brighten(lab, mask, rng)
        else:
            changed = self._cover(lab, mask, PATTERNS if attribute == 'pattern' else TEXTURES, rng)
        alpha = soft_mask(mask, 0.8)
        layer = Layer(window, blend(part, from_lab(changed), alpha), alpha > 0.01)
        return Draft('appearance', (), (layer,), instance.mask, instance.mask, instance.label, attribute=attribute)

    @staticmethod
    def _other_paint(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns L*a*b* `(3,)` of a colour that the object does not have; `pixels` is `(N, 3)`."""
        names = [name for name in PAINTS if name != colour_name(pixels)]
        rgb = np.asarray(PAINTS[names[int(rng.integers(len(names)))]], np.float64)
        rgb = np.clip(rgb + rng.uniform(-14, 14, 3), 0, 255)
        return to_lab(np.rint(rgb).astype(np.uint8).reshape(1, 1, 3))[0, 0]

    @staticmethod
    def _paint(lab: np.ndarray, mask: np.ndarray, paint: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Gives `lab` `(h, w, 3)` the chroma of a paint and draws its lightness towards it, shading kept."""
        mean = lab[mask].mean(axis=0)
        shading = lab[..., 0] - mean[0]
        neutral = float(np.hypot(paint[1], paint[2])) < 12.0
        # Black and white are told by lightness alone; a coloured paint needs less of it.
        pull = rng.uniform(0.8, 0.95) if neutral else rng.uniform(0.45, 0.75)
        level = mean[0] + pull * (paint[0] - mean[0])
        room = np.clip(min(level, 100.0 - level) / 35.0, 0.45, 1.0)
        changed = np.empty_like(lab)
        changed[..., 0] = np.clip(level + shading * room, 1.0, 99.0)
        # Shadows and highlights are less colourful than the rest.
        fade = np.clip(1.0 - np.abs(changed[..., 0] - paint[0]) / 140.0, 0.35, 1.0)
        keep = rng.uniform(0.0, 0.2)
        for channel in (1, 2):
            changed[..., channel] = paint[channel] * fade + keep * (lab[..., channel] - mean[channel])
        return changed

    @staticmethod
    def _brighten(lab: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Makes an object clearly darker or brighter."""
        changed = lab.copy()
        if rng.random() < (0.75 if lab[mask][:, 0].mean() > 50 else 0.25):
            factor = rng.uniform(0.4, 0.65)
            changed *= factor
        else:
            factor = rng.uniform(0.35, 0.6)
            changed[..., 0] = 100.0 - (100.0 - lab[..., 0]) * factor
            changed[..., 1:] *= 0.9
        return changed

    def _cover(self, lab: np.ndarray, mask: np.ndarray, surfaces: tuple, rng: np.random.Generator) -> np.ndarray:
        """Draws a procedural surface of two colours; half of the time one of them is the object's own."""
        surface = surfaces[int(rng.integers(len(surfaces)))]
        share = surface(*mask.shape, rng)[..., None]
        pixels = from_lab(lab)[mask]
        first = lab if rng.random() < 0.5 else self._paint(lab, mask, self._other_paint(pixels, rng), rng)
        second = self._paint(lab, mask, self._other_paint(from_lab(first)[mask], rng), rng)
        return first * (1.0 - share) + second * share
