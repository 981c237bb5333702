"""The last step of a pipeline: tensors and a data sample."""

from __future__ import annotations

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import InstanceData

from difftracker.errors import ConfigError
from difftracker.registry import TRANSFORMS
from difftracker.structures.pair_data_sample import PairDataSample

META = (
    'pair_id',
    'before_path',
    'after_path',
    'ori_shape_before',
    'ori_shape_after',
    'img_shape',
    'before_scale',
    'after_scale',
    'motion',
    'texts',
    'query_ids',
    'subsets',
)


@TRANSFORMS.register_module()
class PackPairInputs(BaseTransform):
    """Packs a pair as `{'inputs': uint8 tensor (2, 3, H, W) RGB, before first, 'data_samples': PairDataSample}`.

    Truth is packed where there is any: without `boxes_after` (a pair out of a user's hand) the sample has none.
    `regions` are packed where `FindDifferingRegions` has added them.

    Raises:
        ConfigError: When the two images have unequal sizes; `PairResize` must come before.
    """

    def transform(self, results: dict) -> dict:
        """Packs one pair."""
        before, after = results['img_before'], results['img_after']
        if before.shape != after.shape:
            raise ConfigError(
                f'PackPairInputs needs both images of one size (PairResize does that), found '
                f'{before.shape[:2]} and {after.shape[:2]}'
            )
        pair = np.stack((before, after)).transpose(0, 3, 1, 2)
        results['img_shape'] = before.shape[:2]
        sample = PairDataSample(metainfo={name: results[name] for name in META if name in results})
        if 'regions' in results:
            sample.regions = torch.from_numpy(np.ascontiguousarray(results['regions'], dtype=np.float32))
        if 'boxes_after' in results:
            sample.gt_changes = self._changes(results)
            sample.gt_answers = self._answers(results['answers'], len(results['kinds']))
        return {'inputs': torch.from_numpy(np.ascontiguousarray(pair)), 'data_samples': sample}

    @staticmethod
    def _changes(results: dict) -> InstanceData:
        changes = InstanceData()
        for side in ('before', 'after'):
            boxes = np.ascontiguousarray(results[f'boxes_{side}'], dtype=np.float32).reshape(-1, 4)
            setattr(changes, f'boxes_{side}', torch.from_numpy(boxes))
            setattr(changes, f'valid_{side}', torch.from_numpy(np.asarray(results[f'valid_{side}'], dtype=bool)))
        changes.kinds = torch.from_numpy(np.asarray(results['kinds'], dtype=np.int64))
        changes.descriptions = list(results['descriptions'])
        return changes

    @staticmethod
    def _answers(answers: list[list[int]], count: int) -> torch.Tensor:
        table = torch.zeros((len(answers), count), dtype=torch.bool)
        for row, places in enumerate(answers):
            table[row, places] = True
        return table
