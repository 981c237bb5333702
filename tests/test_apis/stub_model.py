"""A model that finds the rectangle of differing pixels, so that tests of the faces need no weights."""

from __future__ import annotations

import torch
from mmengine.structures import InstanceData
from torch import nn

from difftracker.structures.pair_data_sample import PairDataSample

CONFIG = {
    'kinds': ('appearance', 'remove'),
    'test_pipeline': [{'type': 'PairResize', 'scale': (96, 64)}, {'type': 'PackPairInputs'}],
    'score_threshold': 0.5,
}


class StubModel(nn.Module):
    """Answers each sentence with the differing rectangle (score 0.9, kind 1) and the whole image (0.3, kind 0).

    Sentences with `nothing` get scores of 0.2 and a no-change score of 0.8.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[dict] = []

    def test_step(self, data: dict) -> list[PairDataSample]:
        self.calls.append(data)
        for pair, sample in zip(data['inputs'], data['data_samples'], strict=True):
            assert pair.shape == (2, 3, 64, 96) and pair.dtype == torch.uint8
            sample.pred_queries = [self._answer(pair, sample, text) for text in sample.texts]
        return data['data_samples']

    @staticmethod
    def _answer(pair: torch.Tensor, sample: PairDataSample, text: str) -> InstanceData:
        rows, columns = torch.where((pair[0].int() - pair[1].int()).abs().amax(dim=0) > 60)
        height, width = sample.ori_shape_after
        whole = torch.tensor([0.0, 0.0, width, height])
        found = whole
        if len(rows):
            bounds = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
            found = torch.stack(bounds) / sample.after_scale
        scores = [0.2, 0.1] if 'nothing' in text else [0.9, 0.3]
        answer = InstanceData(metainfo={'no_change_score': 0.8 if 'nothing' in text else 0.05})
        answer.boxes = torch.stack([found, whole])
        answer.before_boxes = answer.boxes * sample.after_scale / sample.before_scale
        answer.scores = torch.tensor(scores)
        answer.kinds = torch.tensor([1, 0])
        return answer
