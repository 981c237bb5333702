"""The figures of the shipped models: one place, and everything that shows them equal to it."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from difftracker.checkpoint import model_names
from tools.analysis import model_zoo

ROOT = model_zoo.ROOT
SHOWN = ('README.md', 'docs/results.md', 'docs/limits.md', 'docs/model_zoo.md', 'docs/baselines.md', model_zoo.METAFILE)
NAMES = (*model_names(), 'baselines')


def shown_rows(page, start, end):
    """Rows of the table between two marks of a page, name first, read without the tool."""
    block = (ROOT / page).read_text(encoding='utf-8').split(f'<!-- {start} -->')[1].split(f'<!-- {end} -->')[0]
    lines = [line for line in block.splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]


def test_everything_is_up_to_date():
    assert model_zoo.main(['--check']) == 0


def test_every_shipped_model_has_an_entry_and_its_files():
    models = yaml.safe_load((ROOT / model_zoo.METAFILE).read_text(encoding='utf-8'))['Models']
    assert sorted(model['Name'] for model in models) == model_names()
    for model in models:
        files = [model['Config'], model['Weights'], *model['Metadata']['Training Logs']]
        for name in [*files, *model['Metadata']['Training Configs']]:
            assert (ROOT / name).is_file(), name


@pytest.mark.parametrize('model', model_names())
def test_metafile_and_results_page_tell_the_same(model):
    header, _, *rows = shown_rows('docs/results.md', f'results: {model}', 'end of results')
    shown = {row[0]: dict(zip(header[1:], row[1:], strict=True)) for row in rows}
    models = yaml.safe_load((ROOT / model_zoo.METAFILE).read_text(encoding='utf-8'))['Models']
    results = next(entry['Results'] for entry in models if entry['Name'] == model)
    assert len(results) >= 1
    for result in results:
        cells = shown[result['Dataset']]
        applies = {title: float(cell) for title, cell in cells.items() if cell != '-' and title != 'queries'}
        assert applies == result['Metrics'], result['Dataset']


def test_the_readme_sets_models_beside_the_best_baseline():
    """Read off the full tables: screenshots are where a baseline wins, and no baseline may be left out there."""
    header, _, *rows = shown_rows('README.md', 'overview', 'end of overview')
    assert header[2:] == [f'`{name}`' for name in model_names()]
    everything = next(row for row in rows if row[0] == '… everything that changed: AP50')
    full_header, _, *full = shown_rows('docs/baselines.md', f'results: {model_zoo.BASELINES}', 'end of results')
    column = full_header.index('everything, AP50')
    assert float(everything[1]) == max(float(row[column]) for row in full if row[0].startswith('screenshots'))
    for cell, model in zip(everything[2:], model_names(), strict=True):
        own_header, _, *own = shown_rows('docs/results.md', f'results: {model}', 'end of results')
        screens = next(row for row in own if row[0].startswith('screenshots'))
        assert cell == screens[own_header.index('everything, AP50')]


def test_goals_are_met_where_the_full_tables_say_so():
    """The distance to the blanked run, and what is bold, worked out again from the rounded figures of the tables."""
    header, _, *rows = shown_rows('docs/limits.md', 'goals', 'end of goals')
    goals = {row[0]: row[1:] for row in rows}
    for column, model in enumerate(model_names(), 1):
        own_header, _, *own = shown_rows('docs/results.md', f'results: {model}', 'end of results')
        figures = {row[0]: dict(zip(own_header, row, strict=True)) for row in own}
        choice = float(figures['photographs, nuisance on']['two or more, Acc@0.5'])
        gap = choice - float(figures['the same, sentence blanked']['two or more, Acc@0.5'])
        shown = goals['the same, points above the sentence blanked'][column]
        assert float(shown.strip('*')) == pytest.approx(gap, abs=0.11)
        for cells in goals.values():
            goal, reached = float(cells[0].removeprefix('at most ')), float(cells[column].strip('*'))
            better = goal - reached if cells[0].startswith('at most') else reached - goal
            # Figures that are equal after rounding may be on either side.
            if abs(better) > 0.05:
                assert cells[column].startswith('**') == (better > 0)


@pytest.fixture()
def copy(tmp_path):
    """The files that show figures and those that they come from, elsewhere."""
    for name in (*SHOWN, *(f'docs/results/{name}.json' for name in NAMES)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in set(model_zoo.missing_files(tmp_path)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_a_new_measurement_goes_everywhere(copy, capsys):
    model = model_names()[0]
    path = copy / f'docs/results/{model}.json'
    results = json.loads(path.read_text())
    results['rows'] = results['rows'][:1]
    results['held_out'] = [{**results['held_out'][0], 'report': results['rows'][0]['report']}]
    path.write_text(json.dumps(results))
    report = {
        'score_threshold': 0.25,
        'counts': {'scored': 42},
        'summary': {'acc50_one_change': 0.12345, 'none_accuracy': 1.0},
        'rows': [
            {'group': 'kind', 'name': 'move', 'acc50': 0.5, 'ap50': 0.1},
            {'group': 'subset', 'name': 'all', 'acc50': None, 'ap50': 0.7531},
        ],
    }
    target = copy / 'runs' / results['rows'][0]['report']
    target.parent.mkdir(parents=True)
    target.write_text(json.dumps(report))
    options = ['--root', str(copy)]
    assert model_zoo.main(['--check', *options]) == 1
    assert 'README.md: a block is out of date' in capsys.readouterr().err
    command = ['--write', '--collect', '--models', model, '--reports', str(copy / 'runs'), *options]
    assert model_zoo.main(command) == 0
    assert model_zoo.main(['--check', *options]) == 0
    figures = {'acc50_one_change': 0.12345, 'acc50_move': 0.5, 'ap50_all': 0.7531, 'none_accuracy': 1.0}
    assert json.loads(path.read_text())['rows'][0]['figures'] == figures
    name = results['rows'][0]['name']
    _, _, cells = shown_rows(copy / 'docs/results.md', f'results: {model}', 'end of results')
    assert cells == [name, '42', '12.3', '-', '-', '-', '-', '-', '50.0', '-', '75.3', '100.0']
    assert '12.3' in (copy / 'docs/model_zoo.md').read_text()
    for page in ('README.md', 'docs/limits.md', 'docs/results.md'):
        assert '|               12.3 |' in (copy / page).read_text(), page
    models = yaml.safe_load((copy / model_zoo.METAFILE).read_text())['Models']
    (result,) = next(entry['Results'] for entry in models if entry['Name'] == model)
    assert result['Metrics']['one change, Acc@0.5'] == 12.3


def test_a_missing_file_is_named(copy, capsys):
    models = yaml.safe_load((copy / model_zoo.METAFILE).read_text())['Models']
    (copy / models[0]['Config']).unlink()
    assert model_zoo.main(['--check', '--root', str(copy)]) == 1
    assert models[0]['Config'] in capsys.readouterr().err


def test_missing_marks(copy, capsys):
    (copy / 'README.md').write_text('nothing here')
    assert model_zoo.main(['--write', '--root', str(copy)]) == 1
    assert 'expected lines with' in capsys.readouterr().err
    assert (copy / 'README.md').read_text() == 'nothing here'
