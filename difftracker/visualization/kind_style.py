"""How each kind of change looks: colour and line pattern together, so that either alone tells kinds apart."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]

# The palette of Okabe and Ito, "Color Universal Design" (2008): told apart with every common colour vision.
BLACK: Colour = (0, 0, 0)
ORANGE: Colour = (230, 159, 0)
SKY_BLUE: Colour = (86, 180, 233)
BLUISH_GREEN: Colour = (0, 158, 115)
YELLOW: Colour = (240, 228, 66)
BLUE: Colour = (0, 114, 178)
VERMILLION: Colour = (213, 94, 0)
REDDISH_PURPLE: Colour = (204, 121, 167)

# Lengths of stroke and gap in turn, in line widths. An empty pattern is a solid line.
SOLID: tuple[float, ...] = ()
DASHED: tuple[float, ...] = (4.0, 2.0)
DOTTED: tuple[float, ...] = (1.2, 1.5)
DASH_DOT: tuple[float, ...] = (5.0, 1.6, 1.2, 1.6)
LONG_DASHED: tuple[float, ...] = (9.0, 2.5)


@dataclass(frozen=True)
class KindStyle:
    """Colour and line pattern of one kind of change.

    Attributes:
        colour: RGB of the box and of its tag.
        pattern: Stroke and gap lengths in turn, in line widths; empty for a solid line.
    """

    colour: Colour
    pattern: tuple[float, ...] = SOLID

    @property
    def text_colour(self) -> Colour:
        """Black or white, whichever has the higher contrast on `colour` (relative luminance of WCAG 2.1)."""
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in self.colour)]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        return BLACK if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else (255, 255, 255)


KIND_STYLES: dict[str, KindStyle] = {
    'appearance': KindStyle(ORANGE, SOLID),
    'replace': KindStyle(BLUE, DASHED),
    'remove': KindStyle(VERMILLION, DOTTED),
    'add': KindStyle(BLUISH_GREEN, DASH_DOT),
    'move': KindStyle(REDDISH_PURPLE, LONG_DASHED),
    'open': KindStyle(SKY_BLUE, SOLID),
    'short': KindStyle(VERMILLION, DASHED),
    'mousebite': KindStyle(YELLOW, DOTTED),
    'spur': KindStyle(BLUISH_GREEN, SOLID),
    'copper': KindStyle(REDDISH_PURPLE, DASHED),
    'pin-hole': KindStyle(BLUE, DOTTED),
}
_UNKNOWN_KIND = KindStyle(BLACK, SOLID)


def style_of(kind: str) -> KindStyle:
    """Returns the style of a kind; kinds of a data set's own get a solid black line, the tag still names them."""
    return KIND_STYLES.get(kind, _UNKNOWN_KIND)
