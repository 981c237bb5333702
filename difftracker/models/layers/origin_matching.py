"""Where did the thing come from that now stands at a candidate's place?"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .box_ops import aligned_iou, cxcywh_to_xyxy
from .box_sampling import grid_points, sample
from .mlp import MLP
from .pair_pyramid import PairPyramid


class Origins(NamedTuple):
    """Guessed origins of R candidates among Q places, for each of N samples.

    Attributes:
        logits: `(N, R, Q + 1)`: place by place the logit that the candidate's thing stood there before, minus infinity
            for the candidate's own place and for those that may be no origins; last that it stood nowhere else.
        places: `(N, Q, 4)` cxcywh boxes of the places in the before frame, as fractions of the canvas.
    """

    logits: Tensor
    places: Tensor

    def queries(self, part: slice) -> Origins:
        """Returns the origins of some of the candidates, among all places."""
        return Origins(self.logits[:, part], self.places)


class OriginMatching(nn.Module):
    """Compares what stands at each candidate's place now with what stood at the places of the others before.

    A thing that moved is a thing that came and one that went, and nothing in either place tells which it is: the
    evidence of a candidate is pooled in one box, and no refinement takes the before box across the picture. So every
    pair of candidates is scored for being the new and the old place of one thing: do the looks agree (backbone
    features, colours and a learned projection of both), the sizes, and is the old place another one now? The best
    place that is likelier than none becomes the candidate's before box, from which the later layers read the old place
    and the displacement, and each candidate is told where it came from and what came from it.

    A tracker associates detections of two frames in the same way; here most things stay, and what must be found out is
    whether there is an association at all.

    Args:
        embed_dims: Width of the candidates.
        semantic_channels: Channels of the backbone's own maps in the pyramids.
        width: Channels of the learned projection, and of the perceptrons' hidden layers.
        grid: Samples per side of a box.
    """

    # Cosines of features lie close together; spread, they are of about the size of the other inputs.
    SPREAD = 5.0

    def __init__(self, embed_dims: int, semantic_channels: tuple[int, ...], width: int = 64, grid: int = 4) -> None:
        super().__init__()
        self.grid = grid
        self.look = nn.Linear(sum(semantic_channels) + 3 * grid * grid, width)
        self.new, self.old = nn.Linear(embed_dims, 16), nn.Linear(embed_dims, 16)
        likenesses = len(semantic_channels) + 3
        self.pair = MLP(3 * likenesses + 4 + 2 * 16, width, 1)
        self.nowhere = MLP(embed_dims + likenesses, width, 1)
        self.tell = MLP(2 * embed_dims + 2, embed_dims, embed_dims)
        # At first nothing came from elsewhere, so that weights that were trained without this part do as they did.
        nn.init.constant_(self.nowhere[-1].bias, 6.0)
        nn.init.zeros_(self.tell[-1].weight)
        nn.init.zeros_(self.tell[-1].bias)

    def forward(
        self, pyramid: PairPyramid, content: Tensor, before: Tensor, after: Tensor, sources: Tensor
    ) -> tuple[Tensor, Tensor, Origins]:
        """Matches.

        Args:
            pyramid: Pyramids of B pairs.
            content: `(B, Q, embed_dims)` candidates.
            before, after: `(B, Q, 4)` cxcywh boxes as fractions of the canvas.
            sources: `(Q,)` bool, True for candidates whose places may be origins. The others ask and are not asked, so
                that denoising queries, which know the truth, tell nothing to the candidates.

        Returns:
            Content and before boxes, updated, and the origins.
        """
        looks_before = self._looks(pyramid.semantic_before, pyramid.colour_before, before)
        looks_after = self._looks(pyramid.semantic_after, pyramid.colour_after, after)
        likeness = self._likeness(looks_after, looks_before)
        own = likeness.diagonal(dim1=1, dim2=2).transpose(1, 2)
        count = content.shape[1]
        pairs = [
            likeness,
            own[:, :, None].expand_as(likeness),
            own[:, None].expand_as(likeness),
            self._geometry(before, after),
            self.new(content)[:, :, None].float().expand(-1, -1, count, -1),
            self.old(content)[:, None].float().expand(-1, count, -1, -1),
        ]
        logits = self.pair(torch.cat(pairs, dim=-1)).float().squeeze(-1)
        stays = torch.eye(count, dtype=torch.bool, device=logits.device)
        logits = logits.masked_fill(stays | ~sources, float('-inf'))
        nowhere = self.nowhere(torch.cat([content.float(), own], dim=-1)).float()
        origins = Origins(torch.cat([logits, nowhere], dim=-1), before)
        share = origins.logits.softmax(dim=-1)
        from_place, moved = share[..., :-1], 1 - share[..., -1:]
        to_place = (from_place * sources[:, None]).transpose(1, 2)
        went = to_place.amax(-1, keepdim=True)
        told = torch.cat([from_place @ content.float(), to_place @ content.float(), moved, went], dim=-1)
        best = from_place.argmax(-1)
        elsewhere = before.gather(1, best[..., None].expand(-1, -1, 4))
        before = torch.where(moved > 0.5, elsewhere, before)
        return content + self.tell(told.to(content.dtype)), before, origins

    def _looks(self, semantics: tuple[Tensor, ...], colours: Tensor, boxes: Tensor) -> list[Tensor]:
        """What a frame shows in boxes: unit vectors per backbone map and of the projection, colours and their mean."""
        points = grid_points(boxes, self.grid)
        pooled = [sample(level, points).mean(-1).transpose(1, 2) for level in semantics]
        colour = sample(colours, points).permute(0, 2, 1, 3)
        maps = [F.normalize(item, dim=-1) for item in pooled]
        # Unit vectors of many channels have small entries; of about unit size they train as fast as the colours.
        entries = [item * item.shape[-1] ** 0.5 for item in maps] + [colour.flatten(2)]
        learned = F.normalize(self.look(torch.cat(entries, dim=-1)).float(), dim=-1)
        return [*maps, learned, colour.flatten(2), colour.mean(-1)]

    def _likeness(self, now: list[Tensor], then: list[Tensor]) -> Tensor:
        """How alike `now` at each candidate and `then` at each candidate look: `(B, Q, Q, L)`."""
        cosines = [a @ b.transpose(1, 2) * self.SPREAD for a, b in zip(now[:-2], then[:-2], strict=True)]
        distances = [torch.cdist(a, b, p=1) / a.shape[-1] for a, b in zip(now[-2:], then[-2:], strict=True)]
        return torch.stack([*cosines, *distances], dim=-1)

    @staticmethod
    def _geometry(before: Tensor, after: Tensor) -> Tensor:
        """Ratio of widths and of heights, overlap and distance of all pairs of boxes: `(B, Q, Q, 4)`."""
        new, old = after[:, :, None].float(), before[:, None].float()
        ratio = (new[..., 2:].clamp(min=1e-3).log() - old[..., 2:].clamp(min=1e-3).log()).abs()
        iou, _ = aligned_iou(cxcywh_to_xyxy(new), cxcywh_to_xyxy(old))
        distance = (new[..., :2] - old[..., :2]).norm(dim=-1)
        return torch.cat([ratio, torch.stack([iou, distance], dim=-1)], dim=-1)
