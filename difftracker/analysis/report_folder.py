"""A folder that says how good one or several systems are on a set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from difftracker.evaluation.box_matching import average_precision, precision_recall
from difftracker.evaluation.box_size import LARGE_FROM, SMALL_BELOW
from difftracker.evaluation.outcome_groups import group_outcomes
from difftracker.evaluation.query_outcome import ERROR_KINDS, IOU_THRESHOLD, LOOSE_FROM, QueryOutcome
from difftracker.utils.files import atomic_write, write_json

from . import report_tables as tables
from .comparison import difference_rows
from .group_figures import GroupFigures, group_figures
from .pair_bootstrap import LEVEL, PairBootstrap
from .plots import plot_confusion, plot_errors, plot_precision_recall
from .plots.precision_recall_plot import Curve
from .system_run import SystemRun

# More curves than these cannot be told apart in one plot.
_MAX_CURVES = 7
_ERROR_GROUPS = ('answers', 'subset', 'form', 'nuisance', 'size')


class Section(NamedTuple):
    """A part of the report: its title, and paragraphs, tables and pictures in Markdown."""

    title: str
    parts: list[str]


def write_report(
    title: str, runs: Sequence[SystemRun], bootstrap: PairBootstrap, out_dir: Path, benchmark: dict | None = None
) -> Path:
    """Writes `report.md`, `report.json` and the plots that the former shows.

    Args:
        title: Name of the set.
        runs: The systems, all on the same records; the first is the one that the report is about.
        bootstrap: Draws over the pairs of the set.
        out_dir: The folder; made where it is missing.
        benchmark: What `tools/benchmark.py --json` wrote about the first system.

    Returns:
        The path of `report.md`.
    """
    figures = [group_figures(run, bootstrap) for run in runs]
    sections = [
        Section('Systems', _systems(runs, figures)),
        Section('Groups', [tables.groups_table(runs, figures)]),
        Section('Precision and recall', _precision_recall(runs, out_dir)),
        Section('Errors', _errors(runs, out_dir)),
    ]
    if runs[0].report['confusion'] is not None:
        plot_confusion(runs[0].report['confusion'], out_dir / 'confusion.png')
        sections.append(Section(f'Kinds of change: {runs[0].name}', ['![confusion of kinds](confusion.png)']))
    if benchmark is not None:
        sections.append(Section(f'Speed: {runs[0].name}', [tables.numbers_table(benchmark)]))
    sections += [Section(f'All figures: {run.name}', [tables.full_table(own)]) for run, own in zip(runs, figures)]
    sections.append(Section('How to read it', [_explanation(bootstrap)]))
    write_json(out_dir / 'report.json', _plain(title, runs, figures, bootstrap, benchmark))
    text = '\n\n'.join('\n\n'.join([f'## {section.title}', *section.parts]) for section in sections)
    return atomic_write(out_dir / 'report.md', f'# {title}\n\n{_counts(runs)}\n\n{text}\n')


def _counts(runs: Sequence[SystemRun]) -> str:
    counts = runs[0].report['counts']
    lines = [f'{counts["pairs"]} pairs, {counts["changes"]} changes, {counts["scored"]} queries scored.']
    if counts['skipped_out_of_view']:
        lines.append(f'{counts["skipped_out_of_view"]} queries skipped: their answers are out of view after.')
    for run in runs:
        missing = run.report['counts']['missing_predictions']
        if missing:
            lines.append(f'{run.name}: {missing} queries without a prediction count as answered with nothing.')
    return ' '.join(lines)


def _systems(runs: Sequence[SystemRun], figures: Sequence[Sequence[GroupFigures]]) -> list[str]:
    parts = [tables.systems_table(runs, figures)]
    if len(runs) > 1:
        parts += [f'{runs[0].name} minus each of the others, in points:', tables.differences_table(runs, figures)]
    return parts


def _precision_recall(runs: Sequence[SystemRun], out_dir: Path) -> list[str]:
    curves = [_curve(run.name, run.outcomes, run.threshold) for run in runs[:_MAX_CURVES]]
    parts = []
    if any(curve is not None for curve in curves):
        path = out_dir / 'precision_recall.png'
        plot_precision_recall([curve for curve in curves if curve is not None], 'all queries', path)
        parts.append(f'![precision and recall of the systems]({path.name})')
    for number, run in enumerate(runs):
        groups = [group for group in group_outcomes(run.outcomes) if group.group == 'subset']
        curves = [_curve(name, [run.outcomes[i] for i in members], run.threshold) for _, name, members in groups]
        drawn = [curve for curve in curves if curve is not None][:_MAX_CURVES]
        if drawn:
            path = out_dir / f'precision_recall_{number}_{_slug(run.name)}.png'
            plot_precision_recall(drawn, f'{run.name}, by subset', path)
            parts.append(f'![precision and recall of {run.name} by subset]({path.name})')
    return parts or ['No query has an answer.']


def _curve(name: str, outcomes: Sequence[QueryOutcome], threshold: float) -> Curve | None:
    """Returns None where no query has an answer or there is no box at all."""
    targets = sum(one.targets for one in outcomes)
    scores = np.concatenate([one.candidate_scores for one in outcomes])
    hits = np.concatenate([one.candidate_hits for one in outcomes])
    if not targets or not len(scores):
        return None
    recall, precision = precision_recall(scores, hits, targets)
    decided = scores >= threshold
    decision = (hits[decided].sum() / targets, hits[decided].mean()) if decided.any() else None
    return Curve(name, recall, precision, average_precision(scores, hits, targets), decision)


def _errors(runs: Sequence[SystemRun], out_dir: Path) -> list[str]:
    parts = [tables.errors_table(runs)]
    rows = [(run.name, run.report['errors']) for run in runs]
    if any(any(counts.values()) for _, counts in rows):
        plot_errors(rows, out_dir / 'errors.png')
        parts.append('![what answers ended in](errors.png)')
    by_group = []
    for group, name, members in group_outcomes(runs[0].outcomes):
        ends = [runs[0].outcomes[place].error for place in members]
        if group in _ERROR_GROUPS and any(ends):
            by_group.append((f'{group}: {name}', {kind: ends.count(kind) for kind in ERROR_KINDS}))
    if by_group:
        plot_errors(by_group, out_dir / 'errors_by_group.png')
        parts.append(f'{runs[0].name}, by group:')
        parts.append('![what answers ended in, by group](errors_by_group.png)')
    return parts


def _explanation(bootstrap: PairBootstrap) -> str:
    return (
        f'In per cent. Brackets: {100 * LEVEL:g} % intervals from {bootstrap.draws} draws of the pairs with '
        f'replacement (seed {bootstrap.seed}); where all answers are alike, the exact interval of a share. Differences '
        'are taken draw by draw; bold where zero lies outside the interval. Many rows are compared: one in twenty '
        'would look clear by chance.\n\n'
        '- Acc@0.5, mIoU: queries with one answer, best decided box. F1@0.5: queries with answers. None: share of '
        'queries without an answer that were answered with nothing. AP50: all boxes, whatever the threshold.\n'
        f'- Size: share of the after picture that the answer covers; small below {100 * SMALL_BELOW:g} %, large from '
        f'{100 * LARGE_FROM:g} %.\n'
        f'- Right: the best decided box has IoU {IOU_THRESHOLD:g} or more with the answer. Wrong change: with a change '
        f'of the pair that was not asked for. Loose box: neither, but IoU {LOOSE_FROM:g} or more with the answer. '
        'Wrong place: any other box. Missed: no box. Invented: a box where nothing asked for has changed.'
    )


def _plain(
    title: str,
    runs: Sequence[SystemRun],
    figures: Sequence[Sequence[GroupFigures]],
    bootstrap: PairBootstrap,
    benchmark: dict | None,
) -> dict:
    return {
        'title': title,
        'intervals': {'level': LEVEL, 'draws': bootstrap.draws, 'seed': bootstrap.seed, 'unit': 'pair'},
        'sizes': {'small_below': SMALL_BELOW, 'large_from': LARGE_FROM},
        'systems': [
            {
                'name': run.name,
                'predictions': str(run.path),
                **{key: run.report[key] for key in ('score_threshold', 'counts', 'summary', 'errors', 'confusion')},
                'rows': [row.to_json() for row in own],
            }
            for run, own in zip(runs, figures, strict=True)
        ],
        'differences': [
            {'of': runs[0].name, 'minus': run.name, 'rows': difference_rows(figures[0], own)}
            for run, own in zip(runs[1:], figures[1:], strict=True)
        ],
        'benchmark': benchmark,
    }


def _slug(name: str) -> str:
    return re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-') or 'system'
