"""A report as a table to read."""

from __future__ import annotations

COLUMNS = (
    ('queries', 'queries', False),
    ('acc50', 'Acc@0.5', True),
    ('mean_iou', 'mIoU', True),
    ('f1_50', 'F1@0.5', True),
    ('none_accuracy', 'None', True),
    ('ap50', 'AP50', True),
)


def format_report(report: dict, markdown: bool = False) -> str:
    """Sets a report as text.

    Args:
        report: What `score_predictions` returned.
        markdown: Tables in Markdown instead of fixed width.

    Returns:
        Lines without a line break at the end. Acc@0.5 and mIoU are about queries with one answer, F1@0.5 about queries
        with answers, None about queries without; a dash means that the figure does not apply.
    """
    counts = report['counts']
    head = (
        f'{counts["pairs"]} pairs, {counts["changes"]} changes, {counts["scored"]} queries scored; '
        f'score threshold {report["score_threshold"]:g}'
    )
    parts = [head]
    if counts['skipped_out_of_view']:
        parts.append(f'{counts["skipped_out_of_view"]} queries skipped: their answers are out of view after')
    if counts['missing_predictions']:
        parts.append(f'{counts["missing_predictions"]} queries have no prediction and count as answered with nothing')
    parts.append(_table(*_figure_rows(report['rows']), markdown))
    errors = {kind: count for kind, count in report['errors'].items() if count}
    if errors:
        parts.append(_table(['answer', 'queries'], [[kind, str(count)] for kind, count in errors.items()], markdown))
    if report['confusion'] is not None:
        parts.append(_table(*_confusion_rows(report['confusion']), markdown))
    return '\n\n'.join(parts)


def _figure_rows(rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    header = ['group', ''] + [title for _, title, _ in COLUMNS]
    body = []
    last = None
    for row in rows:
        group = row['group'] if row['group'] != last else ''
        last = row['group']
        cells = [_percent(row[key]) if share else str(row[key]) for key, _, share in COLUMNS]
        body.append([group, row['name'], *cells])
    return header, body


def _confusion_rows(confusion: dict) -> tuple[list[str], list[list[str]]]:
    header = ['true kind \\ predicted', *confusion['kinds']]
    body = [
        [kind, *(str(count) for count in row)]
        for kind, row in zip(confusion['kinds'], confusion['matrix'], strict=True)
    ]
    return header, body


def _percent(value: float | None) -> str:
    return '-' if value is None else f'{100 * value:.1f}'


def _table(header: list[str], body: list[list[str]], markdown: bool) -> str:
    texts = [place for place in range(len(header)) if all(_is_text(row[place]) for row in body)]
    widths = [max(len(row[place]) for row in [header, *body]) for place in range(len(header))]

    def line(cells: list[str]) -> str:
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


def _is_text(cell: str) -> bool:
    return bool(cell.strip('-.0123456789')) or cell == ''
