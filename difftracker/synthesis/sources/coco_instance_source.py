"""Photographs with instance masks, from any COCO instances file."""

from __future__ import annotations

import json
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import numpy as np

from difftracker.errors import AnnotationError
from difftracker.synthesis.instance import Instance
from difftracker.synthesis.raster import crop, dilate, mask_window, soft_mask
from difftracker.synthesis.sources.picture import Picture
from difftracker.synthesis.sprite import Sprite
from difftracker.utils.coco_outlines import outline_mask
from difftracker.utils.image_io import read_image

CACHED_PICTURES = 400
# An object that comes closer to the border than this (px) is taken to go on beyond it.
BORDER = 2
# More of an object's rim than this share lying on another object means that one covers the other.
COVERED_RIM = 0.12


class CocoInstanceSource:
    """Reads COCO instances: polygons and run lengths; crowd regions are kept only as ground that edits leave alone.

    Args:
        annotation_file: COCO instances JSON.
        image_root: Folder that the file names are relative to.
        split: When given, only images whose `split` field is this one.
        min_side: Shorter side in px that an object needs to be edited or cut out.

    Raises:
        AnnotationError: The file is missing, not JSON or lacks a COCO field.
    """

    def __init__(
        self, annotation_file: str | Path, image_root: str | Path, split: str | None = None, min_side: float = 16.0
    ) -> None:
        self.annotation_file = Path(annotation_file)
        self.image_root = Path(image_root)
        self.min_side = min_side
        try:
            data = json.loads(self.annotation_file.read_text(encoding='utf-8'))
            names = {category['id']: category['name'] for category in data['categories']}
            images = [image for image in data['images'] if split is None or image['split'] == split]
            by_image: dict[int, list[dict]] = defaultdict(list)
            for annotation in data['annotations']:
                by_image[annotation['image_id']].append({**annotation, 'name': names[annotation['category_id']]})
            self.images = sorted(images, key=lambda image: image['id'])
            self.annotations = [by_image[image['id']] for image in self.images]
            self._cut_outs = [
                (position, index)
                for position, image in enumerate(self.images)
                for index, annotation in enumerate(self.annotations[position])
                if self._may_be_whole(annotation, image)
            ]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AnnotationError(annotation_file, f'expected a COCO instances file, found {error!r}') from error
        if not self.images:
            raise AnnotationError(annotation_file, f'expected at least one image of split {split!r}, found none')
        self.picture = lru_cache(maxsize=CACHED_PICTURES)(self._picture)

    def __len__(self) -> int:
        return len(self.images)

    def _may_be_whole(self, annotation: dict, image: dict) -> bool:
        """Tells from the annotation alone whether an object can be whole."""
        x, y, width, height = annotation['bbox']
        segmentation = annotation['segmentation']
        # Annotators draw several polygons where something in front cuts the object in two.
        in_one_piece = isinstance(segmentation, dict) or len(segmentation) == 1
        inside = min(x, y) > BORDER and x + width < image['width'] - BORDER and y + height < image['height'] - BORDER
        return not annotation.get('iscrowd') and in_one_piece and inside and min(width, height) >= self.min_side

    def _mask(self, annotation: dict, height: int, width: int) -> np.ndarray:
        """Returns the annotation's mask, `(H, W)` bool."""
        try:
            return outline_mask(annotation['segmentation'], height, width)
        except ValueError as error:
            where = f'object {annotation.get("id")} of image {annotation["image_id"]}'
            raise AnnotationError(self.annotation_file, f'{where}: {error}') from error

    def _picture(self, position: int) -> Picture:
        image = self.images[position]
        pixels = read_image(self.image_root / image['file_name'])
        height, width = pixels.shape[:2]
        if (width, height) != (image['width'], image['height']):
            found = f'found {width} x {height}'
            raise AnnotationError(image['file_name'], f'expected {image["width"]} x {image["height"]} px, {found}')
        annotations = self.annotations[position]
        masks = [self._mask(annotation, height, width) for annotation in annotations]
        count = np.zeros((height, width), np.uint8)
        for mask in masks:
            count += mask
        instances = tuple(
            Instance(
                None if annotation.get('iscrowd') else annotation['name'],
                mask,
                self._is_whole(annotation, image, mask, count),
            )
            for annotation, mask in zip(annotations, masks, strict=True)
            if mask.any()
        )
        return Picture(image['file_name'], pixels, instances)

    def _is_whole(self, annotation: dict, image: dict, mask: np.ndarray, count: np.ndarray) -> bool:
        """Tells whether the object is uncut and uncovered; `count` is the number of masks over each pixel."""
        if not self._may_be_whole(annotation, image) or not mask.any():
            return False
        rim = dilate(mask, 4) & ~mask
        shared = np.count_nonzero(count[mask] > 1) / np.count_nonzero(mask)
        return bool(np.count_nonzero(count[rim]) <= COVERED_RIM * np.count_nonzero(rim) and shared < 0.05)

    def sprite(self, rng: np.random.Generator, attempts: int = 8) -> Sprite | None:
        """Cuts a random whole object out of its picture.

        Returns:
            The object, or None when none of `attempts` draws was whole.
        """
        for _ in range(attempts if self._cut_outs else 0):
            position, index = self._cut_outs[int(rng.integers(len(self._cut_outs)))]
            picture = self.picture(position)
            annotation = self.annotations[position][index]
            mask = self._mask(annotation, *picture.image.shape[:2])
            whole = any(item.whole and np.array_equal(item.mask, mask) for item in picture.instances)
            if not whole:
                continue
            window = mask_window(mask, 2)
            # Annotated outlines take in a little of the surroundings; the rim is softened inwards to lose it.
            alpha = soft_mask(crop(mask, window), 1.2)
            size = max(window[2] - window[0], window[3] - window[1]) / max(mask.shape)
            return Sprite(annotation['name'], crop(picture.image, window).copy(), alpha, size)
        return None
