"""A folder that says where systems differ, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from difftracker.evaluation.text_table import format_table
from difftracker.utils.files import atomic_write, write_json

from . import report_tables as tables
from .comparison import count_agreement, difference, difference_rows
from .disagreement_gallery import draw_disagreements
from .group_figures import TITLES, GroupFigures, group_figures
from .pair_bootstrap import LEVEL, PairBootstrap
from .plots import plot_differences
from .system_run import SystemRun


def write_comparison(
    title: str, runs: Sequence[SystemRun], bootstrap: PairBootstrap, data_root: Path | None, count: int, out_dir: Path
) -> Path:
    """Writes `compare.md`, `compare.json`, a plot of the differences and pictures of disagreements.

    Args:
        title: Name of the set.
        runs: Two or more systems on the same records; the first is compared with each of the others.
        bootstrap: Draws over the pairs of the set.
        data_root: Where the image paths start; None for no pictures.
        count: Pictures of each sort and other system.
        out_dir: The folder; made where it is missing.

    Returns:
        The path of `compare.md`.

    Raises:
        ImageReadError: A picture of the set cannot be read.
    """
    figures = [group_figures(run, bootstrap) for run in runs]
    first, others = runs[0], runs[1:]
    parts = [f'# {title}', tables.systems_table(runs, figures)]
    parts += [f'{first.name} minus each of the others, in points:', tables.differences_table(runs, figures)]
    parts += ['## Groups', tables.group_differences_table(runs, figures), '![differences by group](differences.png)']
    shown = [place for place, row in enumerate(figures[0]) if row.group != 'overall']
    names = [f'{figures[0][i].group}: {figures[0][i].name}, {TITLES[figures[0][i].main]}' for i in shown]
    columns = [
        (f'minus {run.name}', [_triple(figures[0][i], own[i]) for i in shown])
        for run, own in zip(others, figures[1:], strict=True)
    ]
    plot_differences(names, columns, f'{first.name} minus the others', out_dir / 'differences.png')
    agreement = [count_agreement(first, run) for run in others]
    header = ['other system', 'both right', f'only {first.name}', 'only the other', 'neither']
    body = [[run.name, *map(str, counts.values())] for run, counts in zip(others, agreement, strict=True)]
    parts += ['## Who is right', 'Queries with one answer or none.', format_table(header, body, markdown=True)]
    for number, run in enumerate(others if data_root is not None else [], start=1):
        folder = out_dir / f'pictures_{number}'
        for path in draw_disagreements(data_root, first, run, folder, count):
            right = first.name if path.name.startswith('first') else run.name
            parts.append(f'![only {right} is right]({folder.name}/{path.name})')
    parts.append(_explanation(bootstrap))
    item = {
        'title': title,
        'intervals': {'level': LEVEL, 'draws': bootstrap.draws, 'seed': bootstrap.seed, 'unit': 'pair'},
        'first': first.name,
        'comparisons': [
            {'minus': run.name, 'agreement': counts, 'rows': difference_rows(figures[0], own)}
            for run, own, counts in zip(others, figures[1:], agreement, strict=True)
        ],
    }
    write_json(out_dir / 'compare.json', item)
    return atomic_write(out_dir / 'compare.md', '\n\n'.join(parts) + '\n')


def _triple(one: GroupFigures, other: GroupFigures) -> tuple[float, float, float] | None:
    part = difference(one, other, one.main)
    return None if part is None else (part.value, part.low, part.high)


def _explanation(bootstrap: PairBootstrap) -> str:
    return (
        f'Brackets: {100 * LEVEL:g} % intervals of the difference, from {bootstrap.draws} draws of the pairs with '
        f'replacement (seed {bootstrap.seed}), the same draws for all systems; bold where zero lies outside. Many rows '
        'are compared: one in twenty would look clear by chance.'
    )
