"""Boxes inside which two images are equal, against a count pixel by pixel."""

from __future__ import annotations

import torch

from difftracker.models.layers.equal_regions import without_difference


def test_as_counted_pixel_by_pixel():
    generator = torch.Generator().manual_seed(0)
    images = torch.zeros(3, 2, 3, 20, 30)
    # Pair 0 is equal; the others differ at a few pixels, in one channel only.
    for pair in (1, 2):
        spots = torch.rand(20, 30, generator=generator) < 0.01
        images[pair, 1, pair] = spots.float()
    corners = torch.rand(6, 40, 2, 2, generator=generator) * 44 - 7
    boxes = torch.cat([corners.amin(2), corners.amax(2)], dim=-1)
    row = torch.tensor([0, 0, 1, 1, 2, 2])
    found = without_difference(images, boxes, row)
    for index in range(6):
        differs = (images[row[index], 0] != images[row[index], 1]).any(0)
        for query in range(40):
            x1, y1, x2, y2 = boxes[index, query].tolist()
            touched = [
                differs[y, x] for y in range(20) for x in range(30) if x1 < x + 1 and x < x2 and y1 < y + 1 and y < y2
            ]
            assert bool(found[index, query]) == (not any(touched))
    assert found[:2].all() and not found[2:].all() and found[2:].any()
