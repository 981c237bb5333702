#!/usr/bin/env python
"""Keeps the figures of the shipped models and of the baselines in one place and all that shows them equal to it.

Each model has a file `docs/results/MODEL.json`: the commands that measure it, and a row per line of the table with the
report that the commands write; `system` says whose figures they are: `model`, `control` or `baseline`. From these files
and `configs/difftracker/metafile.yml` come the marked blocks of README.md, docs/results.md, docs/limits.md,
docs/model_zoo.md and the metafile itself; from `docs/results/baselines.json` that of docs/baselines.md.

python tools/analysis/model_zoo.py --check             exit code 1 where a block is out of date or a file is missing
python tools/analysis/model_zoo.py --write             brings the blocks up to date
python tools/analysis/model_zoo.py --collect --write   reads the figures from the reports first
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from difftracker.analysis.goal import Goal
from difftracker.errors import ConfigError, DiffTrackerError
from difftracker.evaluation.text_table import format_table, percent
from difftracker.utils.files import atomic_write, parse_json_object, write_json

ROOT = Path(__file__).parents[2]
METAFILE = 'configs/difftracker/metafile.yml'
RESULTS = 'docs/results'
BASELINES = 'baselines'
KINDS = ('appearance', 'replace', 'remove', 'add', 'move')
COLUMNS = {
    'acc50_one_change': 'one change, Acc@0.5',
    'acc50_multi': 'two or more, Acc@0.5',
    **{f'acc50_{kind}': kind for kind in KINDS},
    'f1_50': 'several, F1@0.5',
    'ap50_all': 'everything, AP50',
    'none_accuracy': 'unanswerable, None',
}
# Those of them that the list of models shows.
SHOWN = ('acc50_one_change', 'acc50_multi', 'none_accuracy')
# Figures beside the columns, for the table of goals: `form_gap` is by how much category-free sentences are ahead.
FAULTS = ('open', 'short', 'mousebite', 'spur', 'copper', 'pin-hole')
MORE = ('form_gap', 'f1_50_all', 'ap50_one_class')
PHOTOGRAPHS, BLANKED = 'photographs, nuisance on', 'the same, sentence blanked'
CLEAN, NUISANCE = 'photographs, no nuisance, one change', 'nothing changed but nuisance'
SCREENS, BOARDS = 'screenshots (real pairs)', 'circuit boards (DeepPCB)'
# Tables over all models. Rows: what it says, the set, the figure.
Selection = tuple[tuple[str, str, str], ...]
OVERVIEW: Selection = (
    ('photographs, other light, camera moved in half: the one change', PHOTOGRAPHS, 'acc50_one_change'),
    ('… several changes: the one that the sentence means', PHOTOGRAPHS, 'acc50_multi'),
    ('… the same with the sentence blanked', BLANKED, 'acc50_multi'),
    ('… a sentence that nothing fits: answered with nothing', PHOTOGRAPHS, 'none_accuracy'),
    ('… nothing but light and camera differ: answered with nothing', NUISANCE, 'none_accuracy'),
    ('edited photographs, nothing else differs: the one change', CLEAN, 'acc50_one_change'),
    ('screenshots, several changes: the one that the sentence means', SCREENS, 'acc50_multi'),
    ('… everything that changed: AP50', SCREENS, 'ap50_all'),
    ('circuit boards, several faults: the one that the sentence means', BOARDS, 'acc50_multi'),
    ('… all faults: AP50', BOARDS, 'ap50_all'),
)
HELD_OUT: Selection = (
    ('hand-held, one change: Acc@0.5', 'hand-held', 'acc50_one_change'),
    ('hand-held, two or more: Acc@0.5', 'hand-held', 'acc50_multi'),
    ('the same, sentence blanked', 'hand-held, sentence blanked', 'acc50_multi'),
    ('hand-held, unanswerable', 'hand-held', 'none_accuracy'),
    ('aligned, one change: Acc@0.5', 'aligned', 'acc50_one_change'),
    ('aligned, unanswerable', 'aligned', 'none_accuracy'),
    ('nothing but nuisance', 'nuisance', 'none_accuracy'),
    ('nothing changed, some with traces of editing', 'traces', 'none_accuracy'),
    ('scenes in 3D, one change: Acc@0.5', '3D', 'acc50_one_change'),
    ('scenes in 3D, two or more: Acc@0.5', '3D', 'acc50_multi'),
    ('the same, sentence blanked', '3D, sentence blanked', 'acc50_multi'),
    ('scenes in 3D, unanswerable', '3D', 'none_accuracy'),
)
GOALS = (
    Goal('photographs, no nuisance, one change: Acc@0.5', 0.95, (CLEAN, 'acc50_one_change')),
    Goal(
        'the same, points above pixel difference after alignment',
        0.0,
        (CLEAN, 'acc50_one_change'),
        (f'{CLEAN}: `aligned-pixel-difference`', 'acc50_one_change'),
    ),
    Goal('photographs with nuisance, one change: Acc@0.5', 0.88, (PHOTOGRAPHS, 'acc50_one_change')),
    Goal('photographs with nuisance, two or more changes: Acc@0.5', 0.8, (PHOTOGRAPHS, 'acc50_multi')),
    Goal('the same, points above the sentence blanked', 0.4, (PHOTOGRAPHS, 'acc50_multi'), (BLANKED, 'acc50_multi')),
    Goal('category-free sentences, points above named ones', 0.08, (PHOTOGRAPHS, 'form_gap'), at_most=True),
    Goal('unanswerable sentences answered with nothing', 0.9, (PHOTOGRAPHS, 'none_accuracy')),
    Goal('nothing but nuisance, answered with nothing', 0.95, (NUISANCE, 'none_accuracy')),
    Goal('circuit boards, all faults: AP50', 0.97, (BOARDS, 'ap50_all')),
    Goal('circuit boards, one class asked for: AP50, mean of six', 0.93, (BOARDS, 'ap50_one_class')),
    Goal('screenshots, everything that changed: F1@0.5', 0.8, (SCREENS, 'f1_50_all')),
)
_BLOCK = r'(?P<head>^[^\n]*\b{name}\b[^\n]*\n)(?P<body>.*?)(?P<tail>^[^\n]*\bend of {kind}\b)'


def read_results(root: Path, model: str) -> dict:
    """Reads the results file of a model.

    Raises:
        AnnotationError: It is not JSON.
        ConfigError: It is not there.
    """
    path = root / RESULTS / f'{model}.json'
    if not path.is_file():
        raise ConfigError(f'{path}: expected the figures of {model}, found no such file')
    return parse_json_object(path.read_bytes(), path)


def read_models(root: Path) -> list[dict]:
    """Reads the models of the metafile."""
    return yaml.safe_load((root / METAFILE).read_text(encoding='utf-8'))['Models']


def figures_of(report: dict) -> dict[str, float]:
    """Takes the figures of the tables from a report; those that do not apply are left out."""
    rows = {(row['group'], row['name']): row for row in report['rows']}

    def figure(group: str, name: str, what: str) -> float | None:
        return rows.get((group, name), {}).get(what)

    found = {name: report['summary'].get(name) for name in COLUMNS}
    found |= {f'acc50_{kind}': figure('kind', kind, 'acc50') for kind in KINDS}
    found |= {'ap50_all': figure('subset', 'all', 'ap50'), 'f1_50_all': figure('subset', 'all', 'f1_50')}
    free, named = (figure('form', form, 'acc50') for form in ('category-free', 'named'))
    found['form_gap'] = None if free is None or named is None else free - named
    classes = [figure('subset', fault, 'ap50') for fault in FAULTS]
    found['ap50_one_class'] = None if None in classes else sum(classes) / len(classes)
    return {name: round(found[name], 6) for name in (*COLUMNS, *MORE) if found.get(name) is not None}


def collect(root: Path, reports: Path, model: str) -> None:
    """Puts the figures of all reports into the results file of a model.

    Args:
        root: The repository.
        reports: Folder that the rows' report paths start from.
        model: Its name.

    Raises:
        AnnotationError: A report is not JSON.
        OSError: A report is not there.
    """
    results = read_results(root, model)
    for row in [*results['rows'], *results.get('held_out', ())]:
        path = reports / row['report']
        report = parse_json_object(path.read_bytes(), path)
        row['queries'] = report['counts']['scored']
        row['score_threshold'] = report['score_threshold']
        row['figures'] = figures_of(report)
    write_json(root / RESULTS / f'{model}.json', results)


def results_table(results: dict) -> str:
    """The table of a model and the commands behind it, in Markdown."""
    header = ['validation set', 'queries', *COLUMNS.values()]
    body = [
        [row['name'], str(row['queries']), *(percent(row['figures'].get(name)) for name in COLUMNS)]
        for row in results['rows']
    ]
    commands = '\n'.join(results['commands'])
    details = f'<details><summary>Commands</summary>\n\n```bash\n{commands}\n```\n\n</details>'
    return f'\n{format_table(header, body, markdown=True)}\n\n{details}\n\n'


def figures_by_row(results: dict) -> dict[str, dict[str, float]]:
    """The figures of a results file by the names of its rows, held-out ones among them."""
    return {row['name']: row['figures'] for row in [*results['rows'], *results.get('held_out', ())]}


def selection_table(selection: Selection, results: dict[str, dict], baselines: dict | None = None) -> str:
    """A few figures of all models, and of the best baseline for each where baselines are given."""
    models = {f'`{name}`': figures_by_row(item) for name, item in results.items()}
    methods = {} if baselines is None else figures_by_row(baselines)
    body = []
    for title, name, figure in selection:
        cells = [percent(figures.get(name, {}).get(figure)) for figures in models.values()]
        if methods:
            # Baselines have a row for each set and method, named 'set: `method`'.
            shares = [row.get(figure) for key, row in methods.items() if key.startswith(f'{name}: ')]
            cells.insert(0, percent(max((share for share in shares if share is not None), default=None)))
        body.append([title, *cells])
    header = ['', *(['best without learning'] if methods else []), *models]
    return f'\n{format_table(header, body, markdown=True)}\n\n'


def goals_table(results: dict[str, dict], baselines: dict) -> str:
    """Goals and what the models reach; reached ones, before rounding, are bold."""
    methods = figures_by_row(baselines)
    models = {f'`{name}`': {**methods, **figures_by_row(item)} for name, item in results.items()}
    body = []
    for goal in GOALS:
        reached = [goal.reached(figures) for figures in models.values()]
        cells = [f'**{percent(share)}**' if goal.is_met(share) else percent(share) for share in reached]
        body.append([goal.title, f'{"at most " if goal.at_most else ""}{percent(goal.share)}', *cells])
    return f'\n{format_table(["set", "goal", *models], body, markdown=True)}\n\n'


def models_table(root: Path, models: list[dict], results: dict[str, dict]) -> str:
    """One column per model: what it costs, its files, and its figures on the first set.

    Raises:
        OSError: A weights file is not there.
    """
    columns = []
    for model in models:
        first, about = results[model['Name']]['rows'][0], model['Metadata']
        sizes = f'{about["Image Size"]} px, drawn pictures {about["Drawn Image Size"]} px'
        logs = [_link(log, Path(log).stem.rpartition('_stage')[2]) for log in about['Training Logs']]
        column = {
            'parameters': about['Parameters'],
            'longer side as read': sizes,
            f'GFLOPs per pair, {about["Image Size"]} px': about['GFLOPs'],
            f'milliseconds per pair, two threads, {about["Image Size"]} px': about['Milliseconds'],
            'memory at the peak, MiB': about['Memory (MiB)'],
            'weights': f'{_link(model["Weights"])}, {(root / model["Weights"]).stat().st_size / 1e6:.1f} MB',
            'config of the last stage': _link(model['Config']),
            'training data': about['Training Data'],
            'training resources': about['Training Resources'],
            'logs, by stage': ' '.join(logs),
            'score threshold': first['score_threshold'],
            **{f'{COLUMNS[name]}, %': percent(first['figures'].get(name)) for name in SHOWN},
        }
        columns.append(column)
    rows = list(dict.fromkeys(name for column in columns for name in column))
    body = [[row, *(str(column.get(row, '-')) for column in columns)] for row in rows]
    return f'\n{format_table(["", *(model["Name"] for model in models)], body, markdown=True)}\n\n'


def metafile_results(results: dict) -> str:
    """The `Results` of a model in the metafile: its own figures, without controls and baselines."""
    entries = [
        {
            'Task': 'Image Difference Grounding',
            'Dataset': row['name'],
            # The same rounding as in the tables, so that the two can be compared as text.
            'Metrics': {
                title: float(percent(row['figures'][name])) for name, title in COLUMNS.items() if name in row['figures']
            },
        }
        for row in results['rows']
        if row['system'] == 'model'
    ]
    text = yaml.safe_dump({'Results': entries}, sort_keys=False, width=120, allow_unicode=True)
    return ''.join(f'    {line}\n' for line in text.splitlines())


def _link(path: str, title: str | None = None) -> str:
    return f'[{title or Path(path).name}](../{path})'


def blocks(root: Path) -> list[tuple[Path, str, str, str]]:
    """Returns file, name of the block, kind of its end mark, and the content that it should have."""
    models = read_models(root)
    results = {model['Name']: read_results(root, model['Name']) for model in models}
    baselines = read_results(root, BASELINES)
    found = [
        (root / 'README.md', 'overview', 'overview', selection_table(OVERVIEW, results, baselines)),
        (root / 'docs/results.md', 'held out', 'held out', selection_table(HELD_OUT, results)),
        (root / 'docs/limits.md', 'goals', 'goals', goals_table(results, baselines)),
        (root / 'docs/model_zoo.md', 'models', 'models', models_table(root, models, results)),
        (root / 'docs/baselines.md', f'results: {BASELINES}', 'results', results_table(baselines)),
    ]
    for name, item in results.items():
        found.append((root / 'docs/results.md', f'results: {name}', 'results', results_table(item)))
        found.append((root / METAFILE, f'results: {name}', 'results', metafile_results(item)))
    return found


def replace_block(text: str, path: Path, name: str, kind: str, content: str) -> str:
    """Puts content between a line that holds `name` and the next one that holds `end of kind`.

    Raises:
        ConfigError: There are no such lines.
    """
    pattern = re.compile(_BLOCK.format(name=re.escape(name), kind=kind), flags=re.MULTILINE | re.DOTALL)
    filled, count = pattern.subn(lambda found: found['head'] + content + found['tail'], text, count=1)
    if not count:
        raise ConfigError(f'{path}: expected lines with {name!r} and "end of {kind}" around a block, found none')
    return filled


def missing_files(root: Path) -> list[str]:
    """Returns the files that the metafile names and that are not there."""
    named = []
    for model in read_models(root):
        named += [model['Config'], model['Weights'], *model['Metadata']['Training Logs']]
        named += model['Metadata']['Training Configs']
    return [name for name in named if not (root / name).is_file()]


def update(root: Path, act: Callable[[Path, str], object]) -> list[str]:
    """Calls `act` with path and new text of each file that has a block out of date; returns their names."""
    texts: dict[Path, str] = {}
    for path, name, kind, content in blocks(root):
        old = texts.get(path) or path.read_text(encoding='utf-8')
        texts[path] = replace_block(old, path, name, kind, content)
    stale = [path for path, text in texts.items() if text != path.read_text(encoding='utf-8')]
    for path in stale:
        act(path, texts[path])
    return [str(path.relative_to(root)) for path in stale]


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument('--check', action='store_true', help='change nothing; exit code 1 where something is amiss')
    action.add_argument('--write', action='store_true', help='bring the marked blocks up to date')
    parser.add_argument('--collect', action='store_true', help='read the figures from the reports first; with --write')
    parser.add_argument('--models', nargs='+', help='results files to collect, by name; default: all')
    parser.add_argument('--reports', type=Path, default=Path(), help='folder that report paths start from (default: .)')
    parser.add_argument('--root', type=Path, default=ROOT, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.collect and args.check:
        parser.error('--collect changes files, so it goes with --write')
    return args


def main(argv: list[str] | None = None) -> int:
    """Checks or writes; returns 1 where something is amiss."""
    args = parse_args(argv)
    try:
        if args.collect:
            for model in args.models or [BASELINES, *(model['Name'] for model in read_models(args.root))]:
                collect(args.root, args.reports, model)
        stale = update(args.root, (lambda path, text: None) if args.check else atomic_write)
        missing = missing_files(args.root)
    except (DiffTrackerError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for name in missing:
        print(f'{METAFILE}: expected {name}, found no such file', file=sys.stderr)
    for name in stale:
        if args.check:
            print(f'{name}: a block is out of date; run tools/analysis/model_zoo.py --write', file=sys.stderr)
        else:
            print(f'written: {name}')
    return 1 if missing or (args.check and stale) else 0


if __name__ == '__main__':
    sys.exit(main())
