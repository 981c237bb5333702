"""Text for pictures: measured, wrapped and drawn with a font that has the characters.

Matplotlib's package carries DejaVu Sans, which covers Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew and Arabic
letters and most symbols, so those sentences look the same on every machine. For other scripts the well-known fonts of
the system are tried, one per run of characters. A character that no font has is drawn as a hollow square, never left
out, so that a reader sees that the picture (not the sentence) lacks it.
"""

from __future__ import annotations

import functools
import importlib.util
import unicodedata
from pathlib import Path

from PIL import ImageDraw, ImageFont

MISSING = '\u25a1'
_NEVER_ASSIGNED = '\U0010fffe'

# Tried in this order, by file name in the system's font folders, for what DejaVu lacks.
_SYSTEM_FONTS = (
    'NotoSansCJK-Regular.ttc',
    'NotoSansCJKsc-Regular.otf',
    'wqy-microhei.ttc',
    'wqy-zenhei.ttc',
    'DroidSansFallbackFull.ttf',
    'msyh.ttc',
    'YuGothM.ttc',
    'malgun.ttf',
    'Nirmala.ttf',
    'LeelawUI.ttf',
    'PingFang.ttc',
    'Hiragino Sans GB.ttc',
    'Arial Unicode.ttf',
    'NotoSansDevanagari-Regular.ttf',
    'NotoSansBengali-Regular.ttf',
    'NotoSansTamil-Regular.ttf',
    'NotoSansThai-Regular.ttf',
    'NotoSansEthiopic-Regular.ttf',
    'FreeSans.ttf',
    'unifont.ttf',
)


@functools.cache
def _dejavu_path(bold: bool) -> Path:
    # find_spec does not import matplotlib, which would take a large part of a second.
    spec = importlib.util.find_spec('matplotlib')
    if spec is None or not spec.submodule_search_locations:
        raise ImportError('drawing answers needs the DejaVu fonts of the matplotlib package, which is not installed')
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    return Path(spec.submodule_search_locations[0]) / 'mpl-data' / 'fonts' / 'ttf' / name


@functools.lru_cache(maxsize=128)
def _load(name: str, size: int) -> ImageFont.FreeTypeFont | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:  # that font is not on this machine, which is normal: the next of the list is tried
        return None


@functools.lru_cache(maxsize=4096)
def _has(name: str, character: str) -> bool:
    """True if the font draws the character as something else than its sign for a missing one."""
    font = _load(name, 24)
    if font is None:
        return False
    if character.isspace() or unicodedata.category(character) in ('Cf', 'Mn', 'Cc'):
        return True
    glyph, missing = font.getmask(character), font.getmask(_NEVER_ASSIGNED)
    return glyph.size != missing.size or bytes(glyph) != bytes(missing)


@functools.lru_cache(maxsize=4096)
def _font_name_for(character: str, bold: bool) -> str | None:
    for name in (str(_dejavu_path(bold)), *_SYSTEM_FONTS):
        if _has(name, character):
            return name
    return None


class TextPainter:
    """Measures and draws single lines of text at one size.

    Args:
        size: Font size in pixels.
        bold: Whether to use the bold cut of DejaVu Sans.
    """

    def __init__(self, size: int, bold: bool = False) -> None:
        self.size = size
        self.bold = bold
        self._main = str(_dejavu_path(bold))
        ascent, descent = _load(self._main, size).getmetrics()
        self.ascent = ascent
        self.line_height = ascent + descent

    def _runs(self, text: str) -> list[tuple[str, ImageFont.FreeTypeFont]]:
        """Splits text into runs of one font each; characters that no font has become hollow squares."""
        runs: list[list[str]] = []
        for character in text:
            name = _font_name_for(character, self.bold)
            if name is None:
                name, character = self._main, MISSING
            if runs and runs[-1][1] == name:
                runs[-1][0] += character
            else:
                runs.append([character, name])
        return [(run, _load(name, self.size)) for run, name in runs]

    def lacks(self, text: str) -> bool:
        """True if no font on this machine has some character of the text."""
        return any(_font_name_for(character, self.bold) is None for character in text)

    def width(self, text: str) -> int:
        """Returns the width of one line in pixels."""
        return round(sum(font.getlength(run) for run, font in self._runs(text)))

    def draw(self, draw: ImageDraw.ImageDraw, xy: tuple[float, float], text: str, fill: tuple[int, int, int]) -> None:
        """Draws one line whose top left corner is `xy`."""
        x, y = xy
        for run, font in self._runs(text):
            draw.text((x, y + self.ascent), run, fill=fill, font=font, anchor='ls')
            x += font.getlength(run)

    def wrap(self, text: str, width: int, max_lines: int) -> list[str]:
        """Breaks text into lines no wider than `width` pixels.

        Lines break at spaces; a word wider than a line (scripts without spaces, long names) breaks between
        characters. Text beyond `max_lines` is cut and ends in an ellipsis.
        """
        lines: list[str] = []
        line = ''
        # No character is much narrower than a pixel: what is cut off here could never be shown.
        words = ' '.join(text[: max_lines * width].split()).split(' ')
        for position, word in enumerate(words):
            trial = f'{line} {word}'.strip()
            if self.width(trial) <= width:
                line = trial
                continue
            if line:
                lines.append(line)
            line = word
            while self.width(line) > width and len(lines) < max_lines:
                cut = self._fitting_length(line, width)
                lines.append(line[:cut])
                line = line[cut:]
            if len(lines) >= max_lines:
                line = ' '.join([line, *words[position + 1 :]])
                break
        if line and len(lines) < max_lines:
            lines.append(line)
        elif line:
            last = lines[-1]
            while last and self.width(last + '…') > width:
                last = last[:-1]
            lines[-1] = last.rstrip() + '…'
        return lines or ['']

    def _fitting_length(self, word: str, width: int) -> int:
        """Returns how many characters of the word fit, by bisection; at least one."""
        low, high = 1, len(word)
        while low < high:
            middle = (low + high + 1) // 2
            if self.width(word[:middle]) <= width:
                low = middle
            else:
                high = middle - 1
        return low
