"""Boxes and their tags on one picture."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import ImageDraw

from difftracker.structures import Box

from .fonts import TextPainter
from .kind_style import KindStyle

_WHITE = (255, 255, 255)
# A hairline around the white halo keeps light colours visible on white pictures.
_HAIRLINE = (70, 70, 70)


class BoxPainter:
    """Draws boxes with a white halo and tags that keep clear of one another.

    Args:
        draw: The canvas.
        area: `(x1, y1, x2, y2)` of the picture on the canvas; boxes are cut to it.
        tag_area: The same for tags; larger than the picture where that is too narrow for a tag.
        font: Font of the tags.
        line_width: Width of a box's line in pixels.
    """

    def __init__(
        self,
        draw: ImageDraw.ImageDraw,
        area: tuple[int, int, int, int],
        tag_area: tuple[int, int, int, int],
        font: TextPainter,
        line_width: int,
    ) -> None:
        self._draw = draw
        self._area = area
        self._tag_area = tag_area
        self._font = font
        self._line_width = line_width
        self._halo = max(1, round(line_width / 2))
        self._taken: list[Box] = []

    def draw_boxes(self, boxes: Sequence[Box], tags: Sequence[str], styles: Sequence[KindStyle]) -> None:
        """Draws boxes, best first in the lists and topmost on the picture.

        Args:
            boxes: xyxy in pixels of the canvas.
            tags: Text of each box's tag.
            styles: Colour and line pattern of each box.
        """
        frames = [self._visible_frame(box) for box in boxes]
        for frame, style in reversed(list(zip(frames, styles))):
            self._draw_frame(frame, style)
        places = [self._place_tag(frame, tag, frames) for frame, tag in zip(frames, tags)]
        for place, tag, style in reversed(list(zip(places, tags, styles))):
            self._draw_tag(place, tag, style)

    def _visible_frame(self, box: Box) -> Box:
        """Grows a box by its line, so that the line hides nothing of the content, and to a size that is seen."""
        x1, y1, x2, y2 = box
        smallest = 5 * self._line_width
        grow_x = max(self._line_width, (smallest - (x2 - x1)) / 2)
        grow_y = max(self._line_width, (smallest - (y2 - y1)) / 2)
        left, top, right, bottom = self._area
        return (
            min(max(x1 - grow_x, left), right - smallest),
            min(max(y1 - grow_y, top), bottom - smallest),
            max(min(x2 + grow_x, right), left + smallest),
            max(min(y2 + grow_y, bottom), top + smallest),
        )

    def _draw_frame(self, frame: Box, style: KindStyle) -> None:
        x1, y1, x2, y2 = (round(v) for v in frame)
        halo, width = self._halo, self._line_width
        for colour, reach in ((_HAIRLINE, halo + 1), (_WHITE, halo)):
            self._draw.rectangle(
                (x1 - reach, y1 - reach, x2 + reach, y2 + reach), outline=colour, width=width + 2 * reach
            )
        self._draw_side((x1, y1), (x2, y1), style)
        self._draw_side((x1, y2 - self._line_width + 1), (x2, y2 - self._line_width + 1), style)
        self._draw_side((x1, y1), (x1, y2), style)
        self._draw_side((x2 - self._line_width + 1, y1), (x2 - self._line_width + 1, y2), style)

    def draw_line(self, start: tuple[int, int], length: int, style: KindStyle) -> None:
        """Draws one horizontal line, as the legend shows it; start is its left end, length in pixels."""
        end = (start[0] + length - 1, start[1])
        for colour, reach in ((_HAIRLINE, self._halo + 1), (_WHITE, self._halo)):
            self._draw.rectangle(
                (start[0] - reach, start[1] - reach, end[0] + reach, start[1] + self._line_width - 1 + reach),
                fill=colour,
            )
        self._draw_side(start, end, style)

    def _draw_side(self, start: tuple[int, int], end: tuple[int, int], style: KindStyle) -> None:
        """Draws one side from start to end; both ends are inside strokes, so corners are always closed."""
        horizontal = start[1] == end[1]
        length = (end[0] - start[0] if horizontal else end[1] - start[1]) + 1
        for begin, stop in _strokes(length, style.pattern, self._line_width):
            x, y = (start[0] + begin, start[1]) if horizontal else (start[0], start[1] + begin)
            reach, across = stop - begin - 1, self._line_width - 1
            self._draw.rectangle(
                (x, y, x + reach, y + across) if horizontal else (x, y, x + across, y + reach), fill=style.colour
            )

    def _place_tag(self, frame: Box, tag: str, frames: Sequence[Box]) -> Box:
        """Chooses the place next to the frame that hides least of the tags and boxes that are there already."""
        pad = max(2, self._font.size // 4)
        width, height = self._font.width(tag) + 2 * pad, self._font.line_height + pad // 2
        x1, y1, x2, y2 = frame
        gap = self._line_width + 1
        left, top, right, bottom = self._tag_area
        candidates = []
        for y in (y1 - height - gap, y2 + gap, y1 + gap, y2 - height - gap):
            for x in (x1, x2 - width, (x1 + x2 - width) / 2):
                candidates.append((x, y))
        candidates += [(x2 + gap, y1), (x1 - width - gap, y1), (x2 + gap, y2 - height), (x1 - width - gap, y2 - height)]
        best, best_cost = None, float('inf')
        for rank, (x, y) in enumerate(candidates):
            inside_x = min(max(x, left), max(left, right - width))
            inside_y = min(max(y, top), max(top, bottom - height))
            place = (inside_x, inside_y, inside_x + width, inside_y + height)
            cost = 100 * sum(_overlap(place, other) for other in self._taken) + sum(
                _overlap(place, other) for other in frames
            )
            cost += (abs(x - inside_x) + abs(y - inside_y)) * height / 8 + rank
            if cost < best_cost:
                best, best_cost = place, cost
        self._taken.append(best)
        return best

    def _draw_tag(self, place: Box, tag: str, style: KindStyle) -> None:
        x1, y1, x2, y2 = (round(v) for v in place)
        radius = max(2, self._font.size // 5)
        halo = self._halo
        self._draw.rounded_rectangle(
            (x1 - halo - 1, y1 - halo - 1, x2 + halo + 1, y2 + halo + 1), radius + halo + 1, fill=_HAIRLINE
        )
        self._draw.rounded_rectangle((x1 - halo, y1 - halo, x2 + halo, y2 + halo), radius + halo, fill=_WHITE)
        self._draw.rounded_rectangle((x1, y1, x2, y2), radius, fill=style.colour)
        pad = max(2, self._font.size // 4)
        top = y1 + (y2 - y1 - self._font.line_height) / 2
        self._font.draw(self._draw, (x1 + pad, top), tag, style.text_colour)


def _overlap(a: Box, b: Box) -> float:
    """Returns the area that two boxes share, in square pixels."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _strokes(length: int, pattern: Sequence[float], line_width: int) -> list[tuple[int, int]]:
    """Divides a side of `length` pixels into strokes.

    The pattern is stretched so that a whole number of periods plus one closing stroke fills the side: a side begins
    and ends with a stroke, and dashes look alike on all sides.

    Returns:
        `(begin, end)` of each stroke in pixels from the start of the side, end exclusive.
    """
    if not pattern or length < (sum(pattern) + pattern[0]) * line_width / 2:
        return [(0, length)]
    period = sum(pattern) * line_width
    closing = pattern[0] * line_width
    count = max(1, round((length - closing) / period))
    scale = length / (count * period + closing)
    strokes, position = [], 0.0
    for _ in range(count):
        for stroke, gap in zip(pattern[::2], pattern[1::2]):
            begin = round(position)
            strokes.append((begin, max(begin + 1, round(position + stroke * line_width * scale))))
            position += (stroke + gap) * line_width * scale
    return [*strokes, (round(position), length)]
