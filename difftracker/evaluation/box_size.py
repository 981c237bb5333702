"""Small, medium and large boxes."""

from __future__ import annotations

from difftracker.structures import Box

# Shares of the picture's area. As sides of a square in a square picture: a tenth and three tenths. Our choice: COCO's
# limits are in pixels, and pictures of our sets differ in size by a factor of ten.
SMALL_BELOW = 0.01
LARGE_FROM = 0.09
SIZES = ('small', 'medium', 'large')


def box_size(box: Box, picture: tuple[int, int]) -> str:
    """Returns one of `SIZES`, by the share of the picture that a box covers.

    Args:
        box: xyxy pixels of the picture.
        picture: `(width, height)` in pixels.
    """
    x1, y1, x2, y2 = box
    share = (x2 - x1) * (y2 - y1) / (picture[0] * picture[1])
    if share < SMALL_BELOW:
        return 'small'
    return 'medium' if share < LARGE_FROM else 'large'
