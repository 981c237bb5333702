"""Draws annotated pairs: both images side by side with boxes, kinds and sentences, and a page that lists them."""

from __future__ import annotations

import argparse
import html
import re
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from tqdm import tqdm

from difftracker.datasets.annotations import read_annotations
from difftracker.errors import DiffTrackerError, ImageReadError
from difftracker.structures import Box, PairRecord
from difftracker.utils.files import atomic_write
from difftracker.utils.image_io import read_image, write_image
from difftracker.visualization.box_painter import BoxPainter
from difftracker.visualization.fonts import TextPainter
from difftracker.visualization.kind_style import style_of

PANEL = (640, 560)
MARGIN = 16
INK = (26, 26, 26)


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('annotations', type=Path, help='annotation file (.jsonl)')
    parser.add_argument(
        '--data-root',
        type=Path,
        help="folder that the image paths start from (default: the parent of the file's folder)",
    )
    parser.add_argument('--out', type=Path, required=True, help='folder for the pictures and index.html')
    parser.add_argument('--pair', action='append', metavar='ID', help='draw this pair only; may be repeated')
    parser.add_argument('--count', type=int, default=20, help='draw so many pairs, spread over the file')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Draws the pairs; returns 1 when a file breaks the format, a pair is unknown or an image cannot be read."""
    args = parse_args(argv)
    try:
        records = choose(read_annotations(args.annotations), args.pair, args.count)
    except (DiffTrackerError, KeyError) as error:
        print(error.args[0] if isinstance(error, KeyError) else error, file=sys.stderr)
        return 1
    root = args.data_root or args.annotations.resolve().parent.parent
    failures: list[ImageReadError] = []
    drawn: list[tuple[PairRecord, str]] = []
    for number, record in enumerate(tqdm(records, unit='pair', disable=None)):
        try:
            picture = draw_pair(record, root)
        except ImageReadError as error:
            failures.append(error)
            continue
        name = f'{number:04d}_{re.sub(r"[^A-Za-z0-9._-]+", "_", record.pair_id)[:80]}.png'
        write_image(args.out / name, picture)
        drawn.append((record, name))
    atomic_write(args.out / 'index.html', index_page(drawn))
    print(f'{len(drawn)} pairs drawn: {args.out / "index.html"}')
    for error in failures:
        print(f'not read: {error}', file=sys.stderr)
    return 1 if failures else 0


def choose(records: list[PairRecord], pair_ids: list[str] | None, count: int) -> list[PairRecord]:
    """Returns the pairs of the given ids, or `count` pairs at even distances.

    Raises:
        KeyError: When an id is not in the file.
    """
    if pair_ids:
        table = {record.pair_id: record for record in records}
        for pair_id in pair_ids:
            if pair_id not in table:
                raise KeyError(f'--pair must be the id of a pair of the file, found {pair_id!r}')
        return [table[pair_id] for pair_id in pair_ids]
    places = np.linspace(0, len(records) - 1, max(0, min(count, len(records)))).round().astype(int)
    return [records[place] for place in places]


def draw_pair(record: PairRecord, root: Path) -> np.ndarray:
    """Draws one pair with all its changes, numbered alike in both images, and its sentences below.

    Returns:
        `(H, W, 3)` uint8 RGB.

    Raises:
        ImageReadError: When one of the images cannot be read.
    """
    panels = [
        draw_panel(read_image(root / name), [getattr(change, f'{side}_box') for change in record.changes], record)
        for side, name in (('before', record.before), ('after', record.after))
    ]
    font, bold = TextPainter(15), TextPainter(17, bold=True)
    width = max(sum(panel.width for panel in panels) + 3 * MARGIN, 640)
    lines = sentence_lines(record, font, width - 2 * MARGIN)
    top = 2 * bold.line_height + MARGIN
    bottom = top + max(panel.height for panel in panels) + MARGIN // 2
    page = Image.new('RGB', (width, bottom + len(lines) * font.line_height + MARGIN), (255, 255, 255))
    draw = ImageDraw.Draw(page)
    bold.draw(draw, (MARGIN, MARGIN // 2), bold.wrap(title_of(record), width - 2 * MARGIN, max_lines=1)[0], INK)
    left = MARGIN
    for name, panel in zip(('Before', 'After'), panels):
        bold.draw(draw, (left, MARGIN // 2 + bold.line_height), name, INK)
        page.paste(panel, (left, top))
        left += panel.width + MARGIN
    for number, line in enumerate(lines):
        font.draw(draw, (MARGIN, bottom + number * font.line_height), line, INK)
    return np.asarray(page)


def draw_panel(image: np.ndarray, boxes: list[Box | None], record: PairRecord) -> Image.Image:
    """Draws one image with the boxes that are in view there."""
    height, width = image.shape[:2]
    scale = min(PANEL[0] / width, PANEL[1] / height)
    panel = Image.fromarray(image).resize((max(1, round(width * scale)), max(1, round(height * scale))))
    area = (0, 0, panel.width - 1, panel.height - 1)
    painter = BoxPainter(ImageDraw.Draw(panel), area, area, TextPainter(14, bold=True), 2)
    shown = [(place, box) for place, box in enumerate(boxes) if box is not None]
    changes = [record.changes[place] for place, _ in shown]
    tags = [
        f'{place + 1} {change.type}' + (f' ({change.label})' if change.label else '')
        for (place, _), change in zip(shown, changes)
    ]
    scaled = [tuple(value * scale for value in box) for _, box in shown]
    painter.draw_boxes(scaled, tags, [style_of(change.type) for change in changes])
    return panel


def sentence_lines(record: PairRecord, font: TextPainter, width: int) -> list[str]:
    """Returns the queries with the numbers of their answers, wrapped to `width` pixels."""
    numbers = {change.change_id: str(place + 1) for place, change in enumerate(record.changes)}
    lines = []
    for query in record.queries:
        answers = ', '.join(numbers[answer] for answer in query.answers) or 'nothing'
        lines += font.wrap(f'{query.query_id} [{query.subset}]  “{query.text}”  → {answers}', width, max_lines=4)
    return lines or ['no queries']


def title_of(record: PairRecord) -> str:
    """Returns what stands above a pair."""
    nuisance = record.extra.get('nuisance')
    count = len(record.changes)
    parts = [record.pair_id, f'{count} change{"" if count == 1 else "s"}', record.source]
    parts.append(None if nuisance is None else f'nuisance: {nuisance}')
    return ', '.join(part for part in parts if part)


def index_page(drawn: list[tuple[PairRecord, str]]) -> str:
    """Returns a page of all pictures."""
    items = [
        f'<h2 id="{html.escape(record.pair_id)}">{html.escape(record.pair_id)}</h2>\n'
        f'<img src="{html.escape(name)}" alt="{html.escape(title_of(record))}" loading="lazy">'
        for record, name in drawn
    ]
    style = 'body{font-family:sans-serif;margin:2em;background:#eee}img{max-width:100%}'
    head = f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Pairs</title><style>{style}</style>\n'
    return head + '\n'.join(items) + '\n</html>\n'


if __name__ == '__main__':
    sys.exit(main())
