"""The tables of a report, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from difftracker.evaluation.query_outcome import ERROR_KINDS
from difftracker.evaluation.text_table import format_table, percent

from .comparison import Difference, difference
from .group_figures import FIGURES, TITLES, GroupFigures
from .system_run import SystemRun

# The columns of the table of systems: title, group, name, figure.
HEADLINES = (
    ('one change, Acc@0.5', 'answers', 'one answer, pair of one change', 'acc50'),
    ('two or more, Acc@0.5', 'answers', 'one answer, two or more changes', 'acc50'),
    ('several, F1@0.5', 'answers', 'several answers', 'f1_50'),
    ('unanswerable, None', 'answers', 'no answer', 'none_accuracy'),
    ('mIoU', 'overall', 'all queries', 'mean_iou'),
    ('AP50', 'overall', 'all queries', 'ap50'),
)
Figures = Sequence[Sequence[GroupFigures]]


def with_interval(figures: GroupFigures, figure: str) -> str:
    """Returns `81.7 [79.9, 83.4]`; a dash where the figure does not apply."""
    interval = figures.interval(figure)
    value = percent(figures.values[figure])
    return value if interval is None else f'{value} [{percent(interval[0])}, {percent(interval[1])}]'


def signed(part: Difference | None, bold: bool = True) -> str:
    """Returns `+20.1 [17.3, 22.8]` in points, bold where zero lies outside; a dash for None."""
    if part is None:
        return '-'
    text = f'{100 * part.value:+.1f} [{100 * part.low:.1f}, {100 * part.high:.1f}]'
    return f'**{text}**' if bold and part.is_clear else text


def systems_table(runs: Sequence[SystemRun], figures: Figures) -> str:
    """Headline figures, one row per system."""
    columns = [column for column in HEADLINES if _find(figures[0], column[1], column[2]) is not None]
    header = ['system', 'threshold', *(title for title, *_ in columns)]
    body = []
    for run, groups in zip(runs, figures, strict=True):
        cells = [with_interval(_find(groups, group, name), figure) for _, group, name, figure in columns]
        body.append([run.name, f'{run.threshold:g}', *cells])
    return format_table(header, body, markdown=True)


def differences_table(runs: Sequence[SystemRun], figures: Figures) -> str:
    """Headline figures of the first system minus those of each other one, in points."""
    columns = [column for column in HEADLINES if _find(figures[0], column[1], column[2]) is not None]
    header = [f'{runs[0].name} minus', *(title for title, *_ in columns)]
    body = []
    for run, groups in zip(runs[1:], figures[1:], strict=True):
        parts = [
            difference(_find(figures[0], group, name), _find(groups, group, name), figure)
            for _, group, name, figure in columns
        ]
        body.append([run.name, *map(signed, parts)])
    return format_table(header, body, markdown=True)


def groups_table(runs: Sequence[SystemRun], figures: Figures) -> str:
    """One row per group, one column per system: the figure that says most about the group."""
    header = ['group', '', 'queries', 'figure', *(run.name for run in runs)]
    body, last = [], None
    for rows in zip(*figures, strict=True):
        first = rows[0]
        if first.group == 'overall':
            continue
        group = first.group if first.group != last else ''
        last = first.group
        cells = [with_interval(row, first.main) for row in rows]
        body.append([group, first.name, str(first.queries), TITLES[first.main], *cells])
    return format_table(header, body, markdown=True)


def group_differences_table(runs: Sequence[SystemRun], figures: Figures) -> str:
    """One row per group: the first system's figure, and by how much it beats each other system, in points."""
    header = ['group', '', 'queries', 'figure', runs[0].name, *(f'minus {run.name}' for run in runs[1:])]
    body, last = [], None
    for first, *others in zip(*figures, strict=True):
        if first.group == 'overall':
            continue
        group = first.group if first.group != last else ''
        last = first.group
        parts = [signed(difference(first, other, first.main)) for other in others]
        value = percent(first.values[first.main])
        body.append([group, first.name, str(first.queries), TITLES[first.main], value, *parts])
    return format_table(header, body, markdown=True)


def full_table(groups: Sequence[GroupFigures]) -> str:
    """All figures of one system with their intervals."""
    header = ['group', '', 'queries', *(TITLES[figure] for figure in FIGURES)]
    body, last = [], None
    for row in groups:
        group = row.group if row.group != last else ''
        last = row.group
        body.append([group, row.name, str(row.queries), *(with_interval(row, figure) for figure in FIGURES)])
    return format_table(header, body, markdown=True)


def errors_table(runs: Sequence[SystemRun]) -> str:
    """Numbers of queries by what they ended in, one row per system."""
    body = [[run.name, *(str(run.report['errors'][kind]) for kind in ERROR_KINDS)] for run in runs]
    return format_table(['system', *ERROR_KINDS], body, markdown=True)


def numbers_table(item: dict) -> str:
    """The numbers and words of nested plain data, one row each."""
    return format_table(['figure', 'value'], list(_leaves(item, '')), markdown=True)


def _leaves(item: object, name: str) -> list[list[str]]:
    if isinstance(item, dict):
        return [leaf for key, part in item.items() for leaf in _leaves(part, f'{name}, {key}' if name else str(key))]
    if isinstance(item, list) and any(isinstance(part, (dict, list)) for part in item):
        return [leaf for place, part in enumerate(item) for leaf in _leaves(part, f'{name}, {place}')]
    return [[name, ' x '.join(map(str, item)) if isinstance(item, list) else str(item)]]


def _find(groups: Sequence[GroupFigures], group: str, name: str) -> GroupFigures | None:
    return next((row for row in groups if (row.group, row.name) == (group, name)), None)
