"""Fills a hole with what the rest of the picture offers, so that no trace of the old object is left."""

from __future__ import annotations

import cv2
import numpy as np

from difftracker.synthesis.layer import Layer
from difftracker.synthesis.raster import blend, crop, dilate, mask_window

RING = 9
# Holes are matched at this size of the search window's longer side; the best few are compared again at full size.
SEARCH_SIDE = 128
CANDIDATES = 5
THIN = 7
# Standard deviation of the difference on the ring (grey levels) above which the copy does not fit in.
MAX_MISFIT = 42.0
MAX_CORRECTION = 45.0
STRANGER_WEIGHT = 0.5


class HoleFiller:
    """Exemplar fill: one shifted copy of the picture whose surroundings match those of the hole, seams evened out.

    The shift with the least squared difference on a ring around the hole (masked template matching) gives structure
    that goes on across the border; the difference that is left on the ring is spread smoothly through the hole (a
    membrane, in the way of Poisson editing), so that light and colour meet. Thin holes go to Telea's method.

    Args:
        margin: Pixels to grow the hole by, for soft rims and contact shadows.
    """

    def __init__(self, margin: int = 5) -> None:
        self.margin = margin

    def fill(self, image: np.ndarray, hole: np.ndarray, avoid: np.ndarray, rng: np.random.Generator) -> Layer | None:
        """Makes up what stands behind an object.

        Args:
            image: `(H, W, 3)` uint8.
            hole: `(H, W)` bool, the object.
            avoid: `(H, W)` bool, pixels that may not be copied from nor changed (other objects, other edits).
            rng: Source of the noise on thin holes.

        Returns:
            The new pixels, or None when no part of the picture fits in.
        """
        window = mask_window(hole, 1)
        # A shadow lies below more often than above: the hole grows once more downwards.
        grown = dilate(hole, self.margin)
        shift = max(2, (window[3] - window[1]) // 16)
        grown[shift:] |= grown[:-shift]
        grown &= ~(avoid & ~hole)
        thickness = cv2.distanceTransform(crop(grown, mask_window(grown, 1)).astype(np.uint8), cv2.DIST_L2, 3).max()
        if thickness < THIN:
            return self._fill_thin(image, grown, rng)
        return self._fill_by_copy(image, grown, avoid)

    def _fill_thin(self, image: np.ndarray, hole: np.ndarray, rng: np.random.Generator) -> Layer:
        """Telea's inpainting, with the surroundings' grain added, which it lacks."""
        window = mask_window(hole, RING)
        part, mask = crop(image, window), crop(hole, window)
        filled = cv2.inpaint(part, mask.astype(np.uint8), 4, cv2.INPAINT_TELEA)
        detail = part.astype(np.float32) - cv2.GaussianBlur(part, (0, 0), 1.5)
        grain = float(np.std(detail[~mask])) if (~mask).any() else 0.0
        noise = rng.standard_normal(mask.shape, dtype=np.float32)[..., None] * min(grain, 8.0) * 0.7
        return Layer(window, np.clip(filled + noise, 0, 255).astype(np.uint8), mask.copy())

    def _fill_by_copy(self, image: np.ndarray, hole: np.ndarray, avoid: np.ndarray) -> Layer | None:
        """Copies from the best shift and evens out the seam."""
        window = mask_window(hole, RING)
        forbidden = dilate(hole | avoid, 2)
        place = self._best_place(image, hole, forbidden, window)
        if place is None:
            return None
        x, y = place
        width, height = window[2] - window[0], window[3] - window[1]
        part = crop(image, window).astype(np.float32)
        source = image[y : y + height, x : x + width].astype(np.float32)
        mask = crop(hole, window)
        ring = dilate(mask, RING) & ~mask & ~crop(avoid, window)
        difference = part - source
        if np.sqrt(np.mean(np.var(difference[ring], axis=0))) > MAX_MISFIT:
            return None
        correction = _membrane(np.clip(difference, -MAX_CORRECTION, MAX_CORRECTION), ring)
        filled = np.clip(np.rint(source + correction), 0, 255).astype(np.uint8)
        # Within two pixels outside the hole the copy fades into the picture.
        alpha = cv2.GaussianBlur(dilate(mask, 1).astype(np.float32), (0, 0), 1.0)
        alpha[mask] = 1.0
        alpha[crop(avoid, window)] = 0.0
        cover = alpha > 0.02
        return Layer(window, blend(crop(image, window), filled, alpha), cover)

    def _best_place(
        self, image: np.ndarray, hole: np.ndarray, forbidden: np.ndarray, window: tuple
    ) -> tuple[int, int] | None:
        """Returns the top left corner of the part of the picture to copy from."""
        width, height = window[2] - window[0], window[3] - window[1]
        ring = dilate(crop(hole, window), RING) & ~crop(forbidden & ~dilate(hole, 2), window) & ~crop(hole, window)
        if np.count_nonzero(ring) < 30:
            return None
        scale = min(1.0, SEARCH_SIDE / max(image.shape[:2]))
        size = (max(round(image.shape[1] * scale), 8), max(round(image.shape[0] * scale), 8))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        blocked = cv2.resize(forbidden.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        part_size = (max(round(width * scale), 3), max(round(height * scale), 3))
        if part_size[0] >= size[0] or part_size[1] >= size[1]:
            return None
        part = cv2.resize(crop(image, window), part_size, interpolation=cv2.INTER_AREA).astype(np.float32)
        weight = cv2.resize(ring.astype(np.float32), part_size, interpolation=cv2.INTER_AREA)
        inner = cv2.resize(crop(hole, window).astype(np.float32), part_size, interpolation=cv2.INTER_AREA)
        # The method of cv2.TM_SQDIFF with a mask, summed over channels.
        cost = cv2.matchTemplate(small, part, cv2.TM_SQDIFF, mask=np.repeat(weight[..., None], 3, axis=2))
        overlap = cv2.matchTemplate(blocked, inner, cv2.TM_CCORR)
        cost[overlap > 0.01 * inner.sum() + 0.02] = np.inf
        best: tuple[float, int, int] | None = None
        for _ in range(CANDIDATES):
            row, col = np.unravel_index(int(np.argmin(cost)), cost.shape)
            if not np.isfinite(cost[row, col]):
                break
            found = self._refine(image, forbidden, window, ring, hole, round(col / scale), round(row / scale))
            if found is not None and (best is None or found[0] < best[0]):
                best = found
            cost[max(row - 2, 0) : row + 3, max(col - 2, 0) : col + 3] = np.inf
        return None if best is None else (best[1], best[2])

    @staticmethod
    def _refine(
        image: np.ndarray, forbidden: np.ndarray, window: tuple, ring: np.ndarray, hole: np.ndarray, x: int, y: int
    ) -> tuple[float, int, int] | None:
        """Looks for the best corner within two pixels of a coarse one; returns its cost and place."""
        width, height = window[2] - window[0], window[3] - window[1]
        rows, cols = np.nonzero(ring)
        step = max(1, rows.size // 400)
        rows, cols = rows[::step], cols[::step]
        wanted = image[rows + window[1], cols + window[0]].astype(np.float32)
        inner = crop(hole, window)
        mean = wanted.mean(axis=0)
        variety = float(np.mean(np.square(wanted - mean)))
        # A copy whose inside is unlike all that surrounds the hole would put another object there.
        inside = image[y : y + height, x : x + width]
        if inside.shape[:2] == inner.shape:
            stranger = max(float(np.mean(np.square(inside[inner].astype(np.float32) - mean))) - variety, 0.0)
        else:
            stranger = 0.0
        best: tuple[float, int, int] | None = None
        for top in range(max(y - 2, 0), min(y + 2, image.shape[0] - height) + 1):
            for left in range(max(x - 2, 0), min(x + 2, image.shape[1] - width) + 1):
                cost = float(np.mean(np.square(image[rows + top, cols + left] - wanted)))
                if (best is None or cost < best[0]) and not np.any(
                    forbidden[top : top + height, left : left + width] & inner
                ):
                    best = (cost, left, top)
        return None if best is None else (best[0] + STRANGER_WEIGHT * stranger, best[1], best[2])


def _membrane(difference: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Spreads values that are known on a ring smoothly over the whole window (pull-push interpolation).

    Args:
        difference: `(h, w, 3)` float32.
        known: `(h, w)` bool.

    Returns:
        `(h, w, 3)` float32, near the given values on the ring and smooth elsewhere.
    """
    values = cv2.GaussianBlur(difference * known[..., None], (0, 0), 2.0)
    weights = cv2.GaussianBlur(known.astype(np.float32), (0, 0), 2.0)
    levels = [(values, weights)]
    while min(levels[-1][1].shape) > 2:
        value, weight = levels[-1]
        size = ((value.shape[1] + 1) // 2, (value.shape[0] + 1) // 2)
        smaller = cv2.resize(value, size, interpolation=cv2.INTER_AREA)
        levels.append((smaller, cv2.resize(weight, size, interpolation=cv2.INTER_AREA)))
    value, weight = levels[-1]
    result = value / np.maximum(weight, 1e-6)[..., None]
    for value, weight in reversed(levels[:-1]):
        size = (value.shape[1], value.shape[0])
        coarse = cv2.GaussianBlur(cv2.resize(result, size, interpolation=cv2.INTER_LINEAR), (0, 0), 1.0)
        trust = np.clip(weight * 4.0, 0.0, 1.0)[..., None]
        result = trust * (value / np.maximum(weight, 1e-6)[..., None]) + (1.0 - trust) * coarse
    return result
