"""One image pair with its sentences on the way through the model."""

from __future__ import annotations

import torch
from mmengine.structures import BaseDataElement, InstanceData


class PairDataSample(BaseDataElement):
    """Truth and predictions of one pair.

    Meta information: `pair_id`, `before_path`, `after_path`, `ori_shape_before` and `ori_shape_after` `(height,
    width)` of the files, `img_shape` `(height, width)` of the canvas, `before_scale` and `after_scale` (canvas pixels =
    original pixels * scale), `texts`, `query_ids` and `subsets` (one of each per sentence). Where the before image was
    laid over the after image (`AlignPair`), `motion`, the `(3, 3)` homography from canvas pixels of the before image as
    it was to those of the after image; boxes of the before image are then in the frame of the after image.

    Attributes:
        gt_changes: N changes: `boxes_before` and `boxes_after` `(N, 4)` float32, xyxy canvas pixels of their image;
            `valid_before` and `valid_after` `(N,)` bool, False where the change is out of view in that image and its
            box is meaningless; `kinds` `(N,)` int64, index in the data set's list of kinds, -1 where not in it;
            `descriptions`, N tuples of name before, name after, colour before and colour after, None where unknown.
        gt_answers: `(Q, N)` bool; sentence q asks for change n.
        regions: `(R, 4)` float32 xyxy canvas pixels, boxes of what differs pixel by pixel, in both images alike. Only
            pairs that are mostly equal have this field.
        pred_queries: One `InstanceData` per sentence, sorted by falling score: `boxes` `(n, 4)` xyxy pixels of the
            original after image, `before_boxes` `(n, 4)` of the original before image, `scores` `(n,)`, `kinds` `(n,)`
            int64, and the meta information `no_change_score`.
    """

    @property
    def gt_changes(self) -> InstanceData:
        return self._gt_changes

    @gt_changes.setter
    def gt_changes(self, value: InstanceData) -> None:
        self.set_field(value, '_gt_changes', dtype=InstanceData)

    @gt_changes.deleter
    def gt_changes(self) -> None:
        del self._gt_changes

    @property
    def gt_answers(self) -> torch.Tensor:
        return self._gt_answers

    @gt_answers.setter
    def gt_answers(self, value: torch.Tensor) -> None:
        self.set_field(value, '_gt_answers', dtype=torch.Tensor)

    @gt_answers.deleter
    def gt_answers(self) -> None:
        del self._gt_answers

    @property
    def regions(self) -> torch.Tensor:
        return self._regions

    @regions.setter
    def regions(self, value: torch.Tensor) -> None:
        self.set_field(value, '_regions', dtype=torch.Tensor)

    @regions.deleter
    def regions(self) -> None:
        del self._regions

    @property
    def pred_queries(self) -> list[InstanceData]:
        return self._pred_queries

    @pred_queries.setter
    def pred_queries(self, value: list[InstanceData]) -> None:
        self.set_field(value, '_pred_queries', dtype=list)

    @pred_queries.deleter
    def pred_queries(self) -> None:
        del self._pred_queries
