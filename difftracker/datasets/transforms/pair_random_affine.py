"""Geometric augmentation of a pair."""

from __future__ import annotations

import math

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS

from .pair_resize import PADDING

MIN_VISIBLE = 0.3
ATTEMPTS = 8


@TRANSFORMS.register_module()
class PairRandomAffine(BaseTransform):
    """One shared scale and shift for both images, and a small warp of one of them, as of a camera touched in between.

    Each image is warped once. A change of which less than 30 % stays in view of an image becomes invalid there; a
    sentence that asks for a change invalid in the after image is dropped. A draw that leaves no sentence is repeated,
    and after eight such draws the pair stays as it is. Regions of differing pixels move along; they are dropped
    where the two images are moved apart.

    Args:
        scale: Smallest and largest shared zoom; above 1 crops.
        translate: Largest shared shift as a share of width and height, beyond half of what a zoom adds or takes.
        prob: Share of pairs with the shared part.
        relative_shift: Largest shift of one image against the other, in pixels of the canvas.
        relative_rotation: Largest rotation of one image against the other, in degrees.
        relative_zoom: Largest zoom of one image against the other, as a share.
        relative_prob: Share of pairs with the small warp.
    """

    def __init__(
        self,
        scale: tuple[float, float] = (0.8, 1.4),
        translate: float = 0.1,
        prob: float = 0.8,
        relative_shift: float = 4.0,
        relative_rotation: float = 1.5,
        relative_zoom: float = 0.02,
        relative_prob: float = 0.3,
    ) -> None:
        if len(scale) != 2 or not 0 < scale[0] <= scale[1]:
            raise ConfigError(f'scale of PairRandomAffine must be (low, high) with 0 < low <= high, found {scale}')
        if not 0 <= relative_zoom < 1:
            raise ConfigError(f'relative_zoom of PairRandomAffine must lie in [0, 1), found {relative_zoom}')
        self.scale = tuple(scale)
        self.translate = translate
        self.prob = prob
        self.relative_shift = relative_shift
        self.relative_rotation = relative_rotation
        self.relative_zoom = relative_zoom
        self.relative_prob = relative_prob

    def transform(self, results: dict) -> dict:
        """Warps the pair and maps its boxes, each in the frame of its image.

        Raises:
            ConfigError: When the two images have unequal sizes; `PairResize` must come before.
        """
        if results['img_before'].shape != results['img_after'].shape:
            raise ConfigError('PairRandomAffine needs both images of one size; PairResize does that')
        height, width = results['img_before'].shape[:2]
        for _ in range(ATTEMPTS):
            matrices = self._draw(results['rng'], width, height)
            moved = {side: self._move(results, side, matrices[side], width, height) for side in matrices}
            kept = [place for place, answers in enumerate(results['answers']) if moved['after'][1][answers].all()]
            if kept or not results['answers']:
                return self._apply(results, matrices, moved, kept)
        return results

    def _draw(self, rng: np.random.Generator, width: int, height: int) -> dict[str, np.ndarray]:
        shared = np.eye(3)
        if rng.random() < self.prob:
            # Uniform in the logarithm, so that zooming in and out are alike.
            zoom = math.exp(rng.uniform(math.log(self.scale[0]), math.log(self.scale[1])))
            room = abs(zoom - 1) / 2 + self.translate
            shift = rng.uniform(-room, room, size=2) * (width, height)
            shared = _about_centre(zoom, 0.0, shift, width, height)
        matrices = {'before': shared, 'after': shared}
        if rng.random() < self.relative_prob:
            side = 'after' if rng.random() < 0.5 else 'before'
            zoom = 1 + rng.uniform(-self.relative_zoom, self.relative_zoom)
            angle = rng.uniform(-self.relative_rotation, self.relative_rotation)
            shift = rng.uniform(-self.relative_shift, self.relative_shift, size=2)
            matrices[side] = _about_centre(zoom, angle, shift, width, height) @ shared
        return matrices

    @staticmethod
    def _move(results: dict, side: str, matrix: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
        moved, visible = _move_boxes(results[f'boxes_{side}'], matrix, width, height)
        valid = results[f'valid_{side}'] & visible
        moved[~valid] = 0
        return moved, valid

    @staticmethod
    def _apply(results: dict, matrices: dict, moved: dict, kept: list[int]) -> dict:
        for side, matrix in matrices.items():
            results[f'boxes_{side}'], results[f'valid_{side}'] = moved[side]
            if np.array_equal(matrix, np.eye(3)):
                continue
            image = results[f'img_{side}']
            # A box edge at x is the border of pixel x, whose centre stands at x + 0.5; warpAffine counts in centres.
            centred = matrix[:2].copy()
            centred[:, 2] += matrix[:2, :2] @ (0.5, 0.5) - 0.5
            shape = (image.shape[1], image.shape[0])
            results[f'img_{side}'] = cv2.warpAffine(
                image,
                centred,
                shape,
                flags=cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=(PADDING,) * 3,
            )
        if 'regions' in results:
            height, width = results['img_after'].shape[:2]
            regions, visible = _move_boxes(results['regions'], matrices['after'], width, height)
            # Images moved apart are equal nowhere any more.
            results['regions'] = regions[visible & np.array_equal(matrices['before'], matrices['after'])]
        for name in ('texts', 'answers', 'query_ids', 'subsets'):
            results[name] = [results[name][place] for place in kept]
        return results


def _about_centre(zoom: float, degrees: float, shift: np.ndarray, width: int, height: int) -> np.ndarray:
    angle = math.radians(degrees)
    turn = zoom * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    centre = np.array([width / 2, height / 2])
    matrix = np.eye(3)
    matrix[:2, :2] = turn
    matrix[:2, 2] = centre - turn @ centre + shift
    return matrix


def _move_boxes(boxes: np.ndarray, matrix: np.ndarray, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the moved boxes, clipped to the canvas, and whether enough of each is in view."""
    corners = boxes.astype(np.float64)[:, [[0, 1], [2, 1], [2, 3], [0, 3]]] @ matrix[:2, :2].T + matrix[:2, 2]
    moved = np.concatenate((corners.min(axis=1), corners.max(axis=1)), axis=1)
    clipped = moved.clip(0, (width, height, width, height))
    area = _area(moved)
    visible = (area > 0) & (_area(clipped) / np.maximum(area, 1e-9) >= MIN_VISIBLE)
    return clipped.astype(np.float32), visible


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
