"""The table of all ablations: means over seeds, differences to the base, and what of them is noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from difftracker.errors import ConfigError
from difftracker.evaluation.text_table import format_table, percent
from difftracker.utils.files import atomic_write, parse_json_object, write_json

from .ablation_run import AblationRun
from .report_tables import HEADLINES
from .seed_noise import LEVEL, SeedNoise

# Title, group, name and figure of each column, as in a report's rows. Where the camera moved, alignment should matter.
COLUMNS = (
    *HEADLINES,
    ('aligned, Acc@0.5', 'nuisance', 'aligned', 'acc50'),
    ('hand-held, Acc@0.5', 'nuisance', 'hand-held', 'acc50'),
)


class Cell(NamedTuple):
    """One figure of one ablation on one set.

    Attributes:
        values: By seed.
        mean: Over the seeds.
        difference: To the base's mean; None for the base itself.
        limit: How large a difference chance alone makes; None for the base, and where no ablation has two seeds.
    """

    values: dict[int, float]
    mean: float
    difference: float | None
    limit: float | None

    @property
    def is_clear(self) -> bool:
        """Whether the difference is larger than chance makes it."""
        return self.limit is not None and abs(self.difference) > self.limit

    def to_json(self) -> dict:
        """Returns plain data."""
        return {**self._asdict(), 'clear': None if self.limit is None else self.is_clear}

    def to_text(self) -> str:
        """Returns `71.2`, or with the difference in points `71.2 -2.3`, the difference bold where it is clear."""
        if self.difference is None:
            return percent(self.mean)
        text = f'{100 * self.difference:+.1f}'
        return f'{percent(self.mean)} **{text}**' if self.is_clear else f'{percent(self.mean)} {text}'


@dataclass(frozen=True)
class SetTable:
    """All ablations on one set.

    Attributes:
        name: Of the set.
        queries: How many were scored.
        score_threshold: The one threshold of all decisions.
        columns: Those of `COLUMNS` that apply to the set.
        noise: By column.
        rows: Cells by ablation, the base first, each in the order of the columns.
    """

    name: str
    queries: int
    score_threshold: float
    columns: tuple[tuple[str, str, str, str], ...]
    noise: tuple[SeedNoise, ...]
    rows: dict[str, tuple[Cell, ...]]

    def to_json(self) -> dict:
        """Returns plain data."""
        figures = [
            {
                **dict(zip(('title', 'group', 'name', 'figure'), column, strict=True)),
                'spread': noise.spread,
                'freedom': noise.freedom,
                'rows': {ablation: cells[place].to_json() for ablation, cells in self.rows.items()},
            }
            for place, (column, noise) in enumerate(zip(self.columns, self.noise, strict=True))
        ]
        shared = {'name': self.name, 'queries': self.queries, 'score_threshold': self.score_threshold}
        return {**shared, 'figures': figures}

    def to_markdown(self) -> str:
        """Returns the table with a heading; its last row is the spread between seeds."""
        header = ['ablation', 'seeds', *(title for title, *_ in self.columns)]
        body = [
            [ablation, str(len(cells[0].values)), *(cell.to_text() for cell in cells)]
            for ablation, cells in self.rows.items()
        ]
        body.append(['spread between seeds', '', *(percent(noise.spread) for noise in self.noise)])
        heading = f'## {self.name}\n\n{self.queries} queries, threshold {self.score_threshold:g}.'
        return f'{heading}\n\n{format_table(header, body, markdown=True)}'


def write_table(work_dir: Path, base: str) -> Path:
    """Writes `table.md` and `table.json` about all finished runs of a work dir.

    Args:
        work_dir: Holds `NAME/seed-S/` for each run.
        base: Name of the ablation that the others are compared with.

    Returns:
        The path of `table.md`.

    Raises:
        ConfigError: There is no finished run of the base, or runs were scored on different queries or at different
            thresholds.
        AnnotationError: A report is not JSON.
    """
    runs = [AblationRun.from_folder(path.parent) for path in sorted(work_dir.glob('*/seed-*/config.json'))]
    finished = [run for run in runs if run.is_finished]
    if base not in {run.name for run in finished}:
        found = ', '.join(sorted({run.name for run in finished})) or 'none'
        raise ConfigError(f'{work_dir}: expected a finished run of {base}, found {found}')
    names = next(run for run in finished if run.name == base).reports
    tables = [_set_table(name, finished, base) for name in names]
    missing = [run.label for run in runs if not run.is_finished]
    write_json(
        work_dir / 'table.json',
        {'base': base, 'level': LEVEL, 'sets': [table.to_json() for table in tables], 'unfinished': missing},
    )
    parts = ['# Ablations', _explanation(base, missing), *(table.to_markdown() for table in tables)]
    return atomic_write(work_dir / 'table.md', '\n\n'.join(parts) + '\n')


def _set_table(name: str, runs: Sequence[AblationRun], base: str) -> SetTable:
    ordered = sorted(runs, key=lambda run: (run.name != base, run.name, run.seed))
    reports = [(run, _read_report(run, name)) for run in ordered]
    threshold, queries = _protocol(reports, name)
    columns, noises, cells = [], [], []
    for column in COLUMNS:
        values: dict[str, dict[int, float]] = {}
        for run, report in reports:
            value = _value(report, column)
            if value is not None:
                values.setdefault(run.name, {})[run.seed] = value
        # All runs are on the same queries, so a figure applies to all or to none.
        if values:
            columns.append(column)
            noises.append(SeedNoise.of([item.values() for item in values.values()]))
            cells.append(_cells(values, noises[-1], base))
    rows = {ablation: tuple(column[ablation] for column in cells) for ablation in cells[0]}
    return SetTable(name, queries, threshold, tuple(columns), tuple(noises), rows)


def _protocol(reports: Sequence[tuple[AblationRun, dict]], name: str) -> tuple[float, int]:
    """Returns the threshold and the number of queries that all reports have in common."""
    found = [(report['score_threshold'], report['counts']['scored']) for _, report in reports]
    for (run, _), own in zip(reports, found, strict=True):
        if own != found[0]:
            raise ConfigError(
                f'{run.reports[name]}: expected threshold {found[0][0]:g} and {found[0][1]} queries as in '
                f'{reports[0][0].reports[name]}, found {own[0]:g} and {own[1]}'
            )
    return found[0]


def _read_report(run: AblationRun, name: str) -> dict:
    if name not in run.reports:
        raise ConfigError(f'{run.folder}: expected a run that is scored on {name}, found {", ".join(run.reports)}')
    path = run.reports[name]
    return parse_json_object(path.read_bytes(), path)


def _value(report: dict, column: tuple[str, str, str, str]) -> float | None:
    _, group, name, figure = column
    return next((row[figure] for row in report['rows'] if (row['group'], row['name']) == (group, name)), None)


def _cells(values: dict[str, dict[int, float]], noise: SeedNoise, base: str) -> dict[str, Cell]:
    means = {ablation: fmean(item.values()) for ablation, item in values.items()}
    cells = {base: Cell(values[base], means[base], None, None)}
    for ablation, item in values.items():
        if ablation != base:
            limit = noise.limit(len(item), len(values[base]))
            cells[ablation] = Cell(item, means[ablation], means[ablation] - means[base], limit)
    return cells


def _explanation(base: str, missing: Sequence[str]) -> str:
    text = (
        f'In per cent, means over seeds; after them the difference to `{base}` in points. If nothing but seeds were '
        f'changed, {100 * LEVEL:g} of 100 differences would be smaller than those that are bold, going by the spread '
        'between seeds of one ablation, pooled over all (last row). What is not bold may be noise; of twenty '
        'differences that are noise one is bold.'
    )
    return text if not missing else f'{text}\n\nNot finished: {"; ".join(missing)}.'
