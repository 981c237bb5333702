"""One picture that shows an answer: both images, boxes, kinds, scores and the sentence."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from difftracker.structures import Box, ChangeResult

from .box_painter import BoxPainter
from .fonts import MISSING, TextPainter
from .kind_style import style_of

_PAPER = (255, 255, 255)
_INK = (26, 26, 26)
_QUIET = (95, 95, 95)
_EDGE = (150, 150, 150)
_BANNER = (51, 51, 51)
_MIN_PANEL = 360
_CROWD = 6
EMPTY_BANNER = 'Nothing of that kind changed'


def draw_answer(before: np.ndarray, after: np.ndarray, result: ChangeResult, max_height: int = 720) -> np.ndarray:
    """Draws both images side by side with the answer to one sentence.

    Small images are enlarged and large ones reduced to about `max_height` before anything is drawn on them, so that
    lines and letters keep their size on the page. Boxes with the same number in the two frames are the same change.

    Args:
        before: `(H, W, 3)` uint8 RGB.
        after: The same; the two may differ in size.
        result: The answer, boxes in pixels of their own image.
        max_height: Largest height of each image on the page in pixels, at least 64. The page adds header and legend.

    Returns:
        `(H, W, 3)` uint8 RGB picture.

    Raises:
        ValueError: `max_height` is too small.
    """
    if max_height < 64:
        raise ValueError(f'max_height: expected at least 64 pixels, found {max_height}')
    panel_height = min(max_height, max(_MIN_PANEL, before.shape[0], after.shape[0]))
    return _Page(before, after, result, panel_height).paint()


class _Page:
    """Lays out and paints one page; measures follow from the height of the image panels."""

    def __init__(self, before: np.ndarray, after: np.ndarray, result: ChangeResult, panel_height: int) -> None:
        self._result = result
        self._images = [_fit(image, panel_height) for image in (before, after)]
        self._scales = [(s.width / i.shape[1], s.height / i.shape[0]) for s, i in zip(self._images, (before, after))]
        unit = min(30, max(13, round(panel_height / 26)))
        self._unit = unit
        self._title_font = TextPainter(round(unit * 1.15), bold=True)
        self._text_font = TextPainter(unit)
        self._bold_font = TextPainter(unit, bold=True)
        # Many changes on one picture: smaller tags and finer lines leave more of it to see.
        fineness = 0.85 if len(result.boxes) <= _CROWD else 0.65
        self._tag_font = TextPainter(max(12, round(unit * fineness)), bold=True)
        self._line_width = max(2, round(unit * fineness / 5))
        self._margin = unit
        # Tall narrow pictures still need room for the sentence.
        self._panel_widths = [max(image.width, 9 * unit) for image in self._images]
        self._panel_height = max(image.height for image in self._images)
        self._width = sum(self._panel_widths) + 3 * self._margin
        self._kinds = list(dict.fromkeys(result.kinds))

    def paint(self) -> np.ndarray:
        """Returns the page as `(H, W, 3)` uint8 RGB."""
        inner = self._width - 2 * self._margin
        sentence = self._title_font.wrap(f'“{self._result.text}”', inner, max_lines=4)
        note = self._missing_note(sentence, inner)
        banner = self._text_banner(inner)
        rows = self._legend_rows(inner)
        gap = self._unit // 2
        header = self._margin + len(sentence) * self._title_font.line_height + gap
        header += len(note) * self._text_font.line_height
        banner_top = header
        header += len(banner) * self._bold_font.line_height + (2 * gap if self._result.is_empty else 0) + gap
        label_top = header
        image_top = label_top + self._bold_font.line_height + gap // 2
        legend_top = image_top + self._panel_height + gap
        row_height = self._text_font.line_height + gap // 2
        height = legend_top + len(rows) * row_height + self._margin - (0 if rows else gap)

        page = Image.new('RGB', (self._width, height), _PAPER)
        draw = ImageDraw.Draw(page)
        top = self._margin
        for line in sentence:
            self._title_font.draw(draw, (self._margin, top), line, _INK)
            top += self._title_font.line_height
        for line in note:
            self._text_font.draw(draw, (self._margin, top), line, _QUIET)
            top += self._text_font.line_height
        self._paint_banner(draw, banner, banner_top)
        self._paint_images(page, draw, label_top, image_top)
        for number, row in enumerate(rows):
            self._paint_legend_row(draw, row, legend_top + number * row_height)
        return np.asarray(page)

    def _missing_note(self, lines: list[str], width: int) -> list[str]:
        if MISSING in self._result.text or not any(self._title_font.lacks(line) for line in lines):
            return []
        return self._text_font.wrap(f'({MISSING}: no font on this machine has that character)', width, max_lines=2)

    def _text_banner(self, width: int) -> list[str]:
        if self._result.is_empty:
            score = f'  (score {self._result.no_change_score:.2f})' if self._result.no_change_score > 0 else ''
            return self._bold_font.wrap(f'{EMPTY_BANNER}{score}', width - 2 * self._unit, max_lines=3)
        count = len(self._result.boxes)
        word = 'place' if count == 1 else 'places'
        return self._text_font.wrap(f'{count} {word} found', width, max_lines=2)

    def _paint_banner(self, draw: ImageDraw.ImageDraw, lines: list[str], top: int) -> None:
        font = self._bold_font if self._result.is_empty else self._text_font
        x, colour = self._margin, _QUIET
        if self._result.is_empty:
            pad = self._unit // 2
            bottom = top + len(lines) * font.line_height + 2 * pad
            draw.rounded_rectangle((self._margin, top, self._width - self._margin, bottom), pad, fill=_BANNER)
            x, top, colour = self._margin + self._unit, top + pad, _PAPER
        for line in lines:
            font.draw(draw, (x, top), line, colour)
            top += font.line_height

    def _paint_images(self, page: Image.Image, draw: ImageDraw.ImageDraw, label_top: int, image_top: int) -> None:
        styles = [style_of(kind) for kind in self._result.kinds]
        tags = [
            f'{number} {kind} {score:.2f}'
            for number, (kind, score) in enumerate(zip(self._result.kinds, self._result.scores), start=1)
        ]
        left = self._margin
        frames = (('Before', self._result.before_boxes), ('After', self._result.boxes))
        for (title, boxes), image, scale, width in zip(frames, self._images, self._scales, self._panel_widths):
            self._bold_font.draw(draw, (left, label_top), title, _INK)
            page.paste(image, (left, image_top))
            area = (left, image_top, left + image.width - 1, image_top + image.height - 1)
            draw.rectangle((area[0] - 1, area[1] - 1, area[2] + 1, area[3] + 1), outline=_EDGE)
            tag_area = (area[0], area[1], left + width - 1, area[3])
            painter = BoxPainter(draw, area, tag_area, self._tag_font, self._line_width)
            painter.draw_boxes([_to_page(box, scale, area) for box in boxes], tags, styles)
            left += width + self._margin

    def _legend_rows(self, width: int) -> list[list[str]]:
        """Distributes the kinds that occur over as many rows as they need."""
        rows: list[list[str]] = []
        used = 0
        for kind in self._kinds:
            need = self._legend_item_width(kind)
            if rows and used + need <= width:
                rows[-1].append(kind)
                used += need
            else:
                rows.append([kind])
                used = need
        return rows

    def _legend_item_width(self, kind: str) -> int:
        return 5 * self._unit + self._text_font.width(kind)

    def _paint_legend_row(self, draw: ImageDraw.ImageDraw, kinds: list[str], top: int) -> None:
        left = self._margin
        for kind in kinds:
            middle = top + self._text_font.line_height // 2
            area = (0, 0, self._width, middle * 2)
            painter = BoxPainter(draw, area, area, self._tag_font, self._line_width)
            painter.draw_line((left, middle), 3 * self._unit, style_of(kind))
            self._text_font.draw(draw, (left + 3.5 * self._unit, top), kind, _INK)
            left += self._legend_item_width(kind)


def _fit(image: np.ndarray, panel_height: int) -> Image.Image:
    """Scales an image, aspect kept, to fit a panel of the given height and at most twice that width."""
    height, width = image.shape[:2]
    scale = min(panel_height / height, 2 * panel_height / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # Enlarged pixels stay visible as such below a certain size; smoothing a 4 px picture would invent content.
    enlarge = Image.Resampling.NEAREST if max(height, width) < 64 else Image.Resampling.BICUBIC
    return Image.fromarray(image).resize(size, Image.Resampling.LANCZOS if scale < 1 else enlarge)


def _to_page(box: Box, scale: tuple[float, float], area: tuple[int, int, int, int]) -> Box:
    x1, y1, x2, y2 = box
    return (
        area[0] + x1 * scale[0],
        area[1] + y1 * scale[1],
        area[0] + x2 * scale[0],
        area[1] + y2 * scale[1],
    )
