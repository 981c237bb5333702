"""The table of ablations against one worked out by hand."""

from __future__ import annotations

import json

import pytest

from difftracker.analysis.ablation_run import AblationRun
from difftracker.analysis.ablation_table import write_table
from difftracker.errors import ConfigError
from tests.test_analysis.ablation_runs import write_config, write_report

# By ablation and seed: accuracy on one change and on unanswerable sentences.
FIGURES = {
    'base': {0: (0.70, 0.5), 1: (0.72, 0.5)},
    'a_worse': {0: (0.60, 0.5), 1: (0.61, 0.6)},
    'b_equal': {0: (0.69, 0.6), 1: (0.71, 0.5)},
}


def make_run(tmp_path, name, seed, figures, **settings):
    config = write_config(tmp_path / 'configs', name)
    run = AblationRun.from_config(config, seed, tmp_path / 'work')
    run.start()
    for path in run.reports.values():
        write_report(path, *figures, **settings)
    return run


@pytest.fixture()
def work(tmp_path):
    for name, runs in FIGURES.items():
        for seed, figures in runs.items():
            make_run(tmp_path, name, seed, figures)
    return tmp_path / 'work'


def rows(path, heading):
    """Cells of the table under a heading, header and rule left out."""
    block = path.read_text().split(f'## {heading}\n')[1].split('\n## ')[0]
    lines = [line for line in block.splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines[2:]]


def test_by_hand(work):
    path = write_table(work, 'base')
    # One change: deviations 0.01, 0.005 and 0.01, each twice, so 0.00045 by three degrees of freedom: spread 0.01225.
    # Means of two: limit 3.182 x 0.01225 x sqrt(1/2 + 1/2) = 0.0390. The loss of 0.105 is clear, that of 0.01 is not.
    # Unanswerable: deviations of 0.05 in two ablations: spread sqrt(0.01 / 3) = 0.0577, limit 0.184.
    for name in ('photos', 'boards'):
        assert rows(path, name) == [
            ['base', '2', '71.0', '50.0'],
            ['a_worse', '2', '60.5 **-10.5**', '55.0 +5.0'],
            ['b_equal', '2', '70.0 -1.0', '55.0 +5.0'],
            ['spread between seeds', '', '1.2', '5.8'],
        ]
    item = json.loads((work / 'table.json').read_text())
    assert item['base'] == 'base' and item['unfinished'] == []
    figure = item['sets'][0]['figures'][0]
    assert figure['title'] == 'one change, Acc@0.5' and figure['freedom'] == 3
    assert figure['spread'] == pytest.approx((0.00045 / 3) ** 0.5)
    worse = figure['rows']['a_worse']
    assert worse['values'] == {'0': 0.60, '1': 0.61} and worse['clear'] is True
    assert worse['difference'] == pytest.approx(-0.105)
    assert worse['limit'] == pytest.approx(3.1824 * (0.00045 / 3) ** 0.5, rel=1e-4)
    assert figure['rows']['b_equal']['clear'] is False and figure['rows']['base']['clear'] is None


def test_a_run_that_is_not_finished_is_named_and_left_out(work):
    (work / 'a_worse/seed-1/boards/report.json').unlink()
    path = write_table(work, 'base')
    assert 'Not finished: a_worse, seed 1.' in path.read_text()
    cells = {row[0]: row for row in rows(path, 'photos')}
    # Squares 0.0004 by two degrees of freedom: limit 4.303 x sqrt(0.0002) x sqrt(1/2 + 1).
    assert cells['a_worse'] == ['a_worse', '1', '60.0 **-11.0**', '50.0 +0.0']
    item = json.loads((work / 'table.json').read_text())
    limit = item['sets'][0]['figures'][0]['rows']['a_worse']['limit']
    assert limit == pytest.approx(4.3027 * (0.0002 * 1.5) ** 0.5, rel=1e-4)


def test_one_seed_each_marks_nothing(tmp_path):
    for name in ('base', 'a_worse'):
        make_run(tmp_path, name, 0, FIGURES[name][0])
    path = write_table(tmp_path / 'work', 'base')
    assert rows(path, 'photos')[1:] == [
        ['a_worse', '1', '60.0 -10.0', '50.0 +0.0'],
        ['spread between seeds', '', '-', '-'],
    ]
    assert json.loads((tmp_path / 'work/table.json').read_text())['sets'][0]['figures'][0]['spread'] is None


def test_without_the_base_there_is_no_table(work):
    with pytest.raises(ConfigError, match='expected a finished run of other, found a_worse, b_equal, base'):
        write_table(work, 'other')
    with pytest.raises(ConfigError, match='expected a finished run of base, found none'):
        write_table(work / 'nothing', 'base')
    assert not list(work.glob('table.*'))


@pytest.mark.parametrize('settings', [{'threshold': 0.3}, {'queries': 41}])
def test_runs_must_be_scored_alike(work, tmp_path, settings):
    make_run(tmp_path, 'c_other', 0, (0.5, 0.5), **settings)
    with pytest.raises(
        ConfigError, match=r'c_other/seed-0/photos/report\.json: expected threshold 0\.25 and 40 queries'
    ):
        write_table(work, 'base')
