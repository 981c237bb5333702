"""KC-3D: rendered scenes seen from two places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from difftracker.errors import AnnotationError
from difftracker.structures import Change
from difftracker.synthesis.raster import mask_window

from .boxes import box_in
from .converted_pair import ConvertedPair
from .converter import UNKNOWN_KIND, Converter
from .masks import read_mask
from .plain_pickle import read_plain_pickle
from .source_files import field


class Kc3d(Converter):
    """Reads KC-3D of The Change You Want to See (Now in 3D) (Sachdeva and Zisserman, ICCVW 2023).

    `data_split.pkl` lists the scenes of each split: the files of two images and of a mask for each. A scene has one
    change; its box encloses everything that the mask marks, as in the set's own loader.

    Args:
        root: The folder that holds `data_split.pkl`.
    """

    NAME: ClassVar[str] = 'kc-3d'
    SUMMARY: ClassVar[str] = 'CYWS-3D KC-3D, rendered scenes, moved camera: data_split.pkl, images, masks'
    SOURCE: ClassVar[str] = 'KC-3D'
    LICENSE: ClassVar[str] = 'not stated'
    HAS_SENTENCES: ClassVar[bool] = False

    def splits(self) -> Sequence[str]:
        """Returns the splits of `data_split.pkl`."""
        return [split for split in ('train', 'val', 'test') if split in self._scenes()]

    def items(self, split: str) -> Sequence[tuple[str, dict]]:
        """Returns the files of each scene."""
        scenes = field(self._scenes(), split, list, self.root / 'data_split.pkl')
        return [(f'kc3d-{split}-{number:05d}', scene) for number, scene in enumerate(scenes)]

    def convert(self, pair_id: str, item: Any) -> ConvertedPair:
        """Converts one scene."""
        where = f'{self.root / "data_split.pkl"}: {pair_id}'
        pictures, boxes = [], []
        for view in (1, 2):
            picture = self.picture(self.file(field(item, f'image{view}', str, where), where))
            mask_path = self.file(field(item, f'mask{view}', str, where), where)
            mask = read_mask(mask_path) > 0
            if not np.any(mask):
                raise AnnotationError(mask_path, 'expected a mask with a mark, found none')
            pictures.append(picture)
            boxes.append(box_in(picture, mask_window(mask), str(mask_path), (mask.shape[1], mask.shape[0])))
        return ConvertedPair(*pictures, (Change(0, UNKNOWN_KIND, *boxes),))

    def _scenes(self) -> dict:
        path = self.root / 'data_split.pkl'
        scenes = read_plain_pickle(path)
        if not isinstance(scenes, dict):
            raise AnnotationError(path, f'expected scenes by split, found {type(scenes).__name__}')
        return scenes
