#!/usr/bin/env python
"""Keeps the figures of the shipped models and of the baselines in one place and all that shows them equal to it.

Each model has a file `docs/results/MODEL.json`: the commands that measure it, and a row per line of the table with the
report that the commands write; `system` says whose figures they are: `model`, `control` or `baseline`. From these files
and `configs/difftracker/metafile.yml` come the marked blocks of README.md, docs/results.md, docs/model_zoo.md and the
metafile itself; from `docs/results/baselines.json` that of docs/baselines.md.

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
PHOTOGRAPHS, CLEAN = 'photographs, nuisance on', 'photographs, aligned, one change'
SCREENS, BOARDS = 'screenshots (real pairs)', 'circuit boards (DeepPCB)'
# Rows of the first table of the README: what it says, the set, the figure.
OVERVIEW = (
    ('photographs, camera and light moved: the one change', PHOTOGRAPHS, 'acc50_one_change'),
    ('… several changes: the one that the sentence means', PHOTOGRAPHS, 'acc50_multi'),
    ('… the same with the sentence blanked', 'the same, sentence blanked', 'acc50_multi'),
    ('… a sentence that nothing fits: answered with nothing', PHOTOGRAPHS, 'none_accuracy'),
    ('… nothing but camera and light: answered with nothing', 'nothing changed but nuisance', 'none_accuracy'),
    ('photographs, fixed camera: the one change', CLEAN, 'acc50_one_change'),
    ('screenshots, several changes: the one that the sentence means', SCREENS, 'acc50_multi'),
    ('… everything that changed: AP50', SCREENS, 'ap50_all'),
    ('circuit boards, several faults: the one that the sentence means', BOARDS, 'acc50_multi'),
    ('… all faults: AP50', BOARDS, 'ap50_all'),
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
    """Takes the figures of the table from a report; those that do not apply are left out."""
    rows = {(row['group'], row['name']): row for row in report['rows']}
    found = {name: report['summary'].get(name) for name in COLUMNS}
    found |= {f'acc50_{kind}': rows.get(('kind', kind), {}).get('acc50') for kind in KINDS}
    found['ap50_all'] = rows.get(('subset', 'all'), {}).get('ap50')
    return {name: round(found[name], 6) for name in COLUMNS if found[name] is not None}


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
    for row in results['rows']:
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


def overview_table(results: dict[str, dict], baselines: dict) -> str:
    """The figures that matter most, of all models and of the best baseline for each."""
    body = []
    for title, name, figure in OVERVIEW:
        # Baselines have a row for each set and method, named 'set: `method`'.
        methods = [row['figures'] for row in baselines['rows'] if row['name'].startswith(f'{name}: ')]
        best = max((figures[figure] for figures in methods if figure in figures), default=None)
        own = [{row['name']: row['figures'] for row in item['rows']}.get(name, {}) for item in results.values()]
        body.append([title, percent(best), *(percent(figures.get(figure)) for figures in own)])
    header = ['', 'best without learning', *(f'`{name}`' for name in results)]
    return f'\n{format_table(header, body, markdown=True)}\n\n'


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
            'Metrics': {COLUMNS[name]: float(percent(share)) for name, share in row['figures'].items()},
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
        (root / 'README.md', 'overview', 'overview', overview_table(results, baselines)),
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
