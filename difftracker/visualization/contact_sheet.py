"""Several pictures on one page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image


def contact_sheet(pictures: Sequence[np.ndarray], columns: int = 2, cell_width: int = 900) -> np.ndarray:
    """Arranges pictures in rows from left to right, each scaled to one cell width.

    Args:
        pictures: `(H, W, 3)` uint8 RGB each, at least one.
        columns: Pictures in a row.
        cell_width: Width of each picture on the sheet in pixels.

    Returns:
        `(H, W, 3)` uint8 RGB sheet.

    Raises:
        ValueError: There is no picture, or `columns` or `cell_width` is below one.
    """
    if not pictures or columns < 1 or cell_width < 1:
        raise ValueError(
            f'expected a picture, a column and a pixel at least; '
            f'found {len(pictures)} pictures, columns={columns}, cell_width={cell_width}'
        )
    columns = min(columns, len(pictures))
    gap = max(4, cell_width // 60)
    cells = []
    for picture in pictures:
        height, width = picture.shape[:2]
        size = (cell_width, max(1, round(height * cell_width / width)))
        cells.append(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heights = [max(cell.height for cell in row) for row in rows]
    sheet = Image.new(
        'RGB', (columns * (cell_width + gap) + gap, sum(heights) + gap * (len(rows) + 1)), (225, 225, 225)
    )
    top = gap
    for row, height in zip(rows, heights):
        for position, cell in enumerate(row):
            sheet.paste(cell, (gap + position * (cell_width + gap), top))
        top += height + gap
    return np.asarray(sheet)
