"""A report as a table to read."""

from __future__ import annotations

from .text_table import format_table, percent

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
    parts.append(format_table(*_figure_rows(report['rows']), markdown))
    errors = {kind: count for kind, count in report['errors'].items() if count}
    if errors:
        body = [[kind, str(count)] for kind, count in errors.items()]
        parts.append(format_table(['answer', 'queries'], body, markdown))
    if report['confusion'] is not None:
        parts.append(format_table(*_confusion_rows(report['confusion']), markdown))
    if report['old_places'] is not None:
        moved, right = report['old_places']['moved'], report['old_places']['right']
        parts.append(f'of {moved} moved things that were rightly found, {right} with the place where they stood before')
    return '\n\n'.join(parts)


def _figure_rows(rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    header = ['group', ''] + [title for _, title, _ in COLUMNS]
    body = []
    last = None
    for row in rows:
        group = row['group'] if row['group'] != last else ''
        last = row['group']
        cells = [percent(row[key]) if share else str(row[key]) for key, _, share in COLUMNS]
        body.append([group, row['name'], *cells])
    return header, body


def _confusion_rows(confusion: dict) -> tuple[list[str], list[list[str]]]:
    header = ['true kind \\ predicted', *confusion['kinds']]
    body = [
        [kind, *(str(count) for count in row)]
        for kind, row in zip(confusion['kinds'], confusion['matrix'], strict=True)
    ]
    return header, body
