"""The attention module of Deformable-DETR on this package's operator, interchangeable with mmcv's."""

from __future__ import annotations

from difftracker.registry import MODELS  # first: prepares the process for mmcv

import torch  # isort: skip
from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttention as MmcvAttention  # isort: skip

from .checks import OperatorValueError
from .ms_deform_attn import ms_deform_attn


def sampling_locations(
    reference_points: torch.Tensor, offsets: torch.Tensor, spatial_shapes: torch.Tensor
) -> torch.Tensor:
    """Places the points of each query and head around its reference.

    Args:
        reference_points: `(B, Q, L, 2)` points (x, y), or `(B, Q, L, 4)` boxes (cx, cy, w, h), normalised to [0, 1].
        offsets: `(B, Q, H, L, P, 2)`; in cells of the level around points, in parts of the half box around boxes.
        spatial_shapes: `(L, 2)` height and width of each level.

    Returns:
        `(B, Q, H, L, P, 2)` locations, normalised.

    Raises:
        OperatorValueError: The references are neither points nor boxes.
    """
    size = reference_points.shape[-1]
    anchors = reference_points[:, :, None, :, None]
    if size == 2:
        return anchors + offsets / spatial_shapes.flip(-1)[:, None]
    if size == 4:
        return anchors[..., :2] + offsets / offsets.shape[4] * anchors[..., 2:] * 0.5
    raise OperatorValueError(
        f'reference_points: expected a last dimension of 2 or 4, got shape {tuple(reference_points.shape)}'
    )


@MODELS.register_module(name='DiffTrackerMultiScaleDeformableAttention')
class MultiScaleDeformableAttention(MmcvAttention):
    """mmcv's module with this package's operator beneath, on every device and under `torch.compile`.

    Arguments, parameters, their names and their start values are mmcv's, so weights of Deformable-DETR, DINO or
    GroundingDINO load unchanged. `im2col_step` is accepted and has no meaning.

    Example:
        >>> attention = MultiScaleDeformableAttention(batch_first=True)
        >>> query, value = torch.rand(2, 7, 256), torch.rand(2, 20, 256)
        >>> shapes, starts = torch.tensor([[3, 4], [2, 2], [1, 2], [1, 2]]), torch.tensor([0, 12, 16, 18])
        >>> attention(query, value=value, reference_points=torch.rand(2, 7, 4, 2), spatial_shapes=shapes,
        ...           level_start_index=starts).shape
        torch.Size([2, 7, 256])
    """

    def forward(
        self,
        query: torch.Tensor,
        key: torch.Tensor | None = None,
        value: torch.Tensor | None = None,
        identity: torch.Tensor | None = None,
        query_pos: torch.Tensor | None = None,
        key_padding_mask: torch.Tensor | None = None,
        reference_points: torch.Tensor | None = None,
        spatial_shapes: torch.Tensor | None = None,
        level_start_index: torch.Tensor | None = None,
        **kwargs,
    ) -> torch.Tensor:
        """Attends to a few points of each level around the references.

        Args:
            query: `(B, Q, C)` with `batch_first`, else `(Q, B, C)`.
            key: Not used; part of the interface of mmcv's attention modules.
            value: Features of all levels, `(B, S, C)` or `(S, B, C)`; the query itself when None.
            identity: What is added to the result, shaped like `query`; the query when None.
            query_pos: Position embedding added to the query, shaped like it.
            key_padding_mask: `(B, S)` bool, True where the value is padding and counts as zero.
            reference_points: `(B, Q, L, 2)` points or `(B, Q, L, 4)` boxes (cx, cy, w, h), normalised.
            spatial_shapes: `(L, 2)` int64 height and width of each level.
            level_start_index: `(L,)` int64 first row of each level.
            kwargs: Ignored, as mmcv does.

        Returns:
            Shaped like `query`.
        """
        identity = query if identity is None else identity
        value = query if value is None else value
        query = query if query_pos is None else query + query_pos
        if not self.batch_first:
            query, value = query.transpose(0, 1), value.transpose(0, 1)
        batch, queries, _ = query.shape
        value = self.value_proj(value)
        if key_padding_mask is not None:
            value = value.masked_fill(key_padding_mask[..., None], 0.0)
        value = value.view(batch, value.shape[1], self.num_heads, -1)
        grid = (batch, queries, self.num_heads, self.num_levels, self.num_points)
        offsets = self.sampling_offsets(query).view(*grid, 2)
        weights = self.attention_weights(query).view(*grid[:3], -1).softmax(-1).view(grid)
        locations = sampling_locations(reference_points, offsets, spatial_shapes)
        if value.dtype in (torch.float16, torch.bfloat16):
            # Boxes often stay in float32 in half precision models; the operator takes float32 points with any of them.
            locations, weights = locations.float(), weights.float()
        output = self.output_proj(ms_deform_attn(value, spatial_shapes, level_start_index, locations, weights))
        return self.dropout(output if self.batch_first else output.transpose(0, 1)) + identity
