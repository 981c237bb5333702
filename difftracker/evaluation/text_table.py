"""Tables as text."""

from __future__ import annotations

from collections.abc import Sequence


def format_table(header: Sequence[str], body: Sequence[Sequence[str]], markdown: bool) -> str:
    """Sets rows of cells as lines of equal columns; columns of numbers are flush right.

    Args:
        header: Titles of the columns.
        body: Rows as long as the header.
        markdown: Markdown instead of fixed width.
    """
    if markdown:
        header, body = _escaped(header), [_escaped(row) for row in body]
    texts = [place for place in range(len(header)) if all(_is_text(row[place]) for row in body)]
    widths = [max(len(row[place]) for row in [header, *body]) for place in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if place in texts else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f'| {" | ".join(padded)} |' if markdown else '  '.join(padded).rstrip()

    if markdown:
        rule = (
            '| '
            + ' | '.join('-' * (width - 1) + ('-' if place in texts else ':') for place, width in enumerate(widths))
            + ' |'
        )
    else:
        rule = '  '.join('-' * width for width in widths)
    return '\n'.join([line(header), rule, *(line(row) for row in body)])


def percent(value: float | None) -> str:
    """Returns a share in per cent with one decimal; a dash for a figure that does not apply."""
    return '-' if value is None else f'{100 * value:.1f}'


def _escaped(cells: Sequence[str]) -> list[str]:
    return [cell.replace('|', r'\|') for cell in cells]


def _is_text(cell: str) -> bool:
    # Brackets and commas belong to intervals.
    return bool(cell.strip('-+.0123456789[], ')) or cell == ''
