"""Reports, comparisons and calibration as a user calls them."""

from __future__ import annotations

import json
import re

import pytest

from difftracker.evaluation import evaluate_files
from tests.test_analysis.scored_set import first_change, make_set, perfect, random_scores, write_answers
from tools.analysis import calibrate, compare, report


@pytest.fixture()
def files(tmp_path):
    """Annotation file, and answers of a system that is always right and of one that cannot read."""
    ann_file = make_set(tmp_path)
    return (
        ann_file,
        write_answers(ann_file, tmp_path / 'perfect.jsonl', perfect),
        write_answers(ann_file, tmp_path / 'blind.jsonl', first_change),
    )


def links(path):
    return re.findall(r'!\[[^\]]*\]\(([^)]+)\)', path.read_text())


def table_row(path, name):
    """Cells of the first row of a Markdown file that begins with a name."""
    return next(
        [cell.strip() for cell in line.strip('|').split('|')]
        for line in path.read_text().splitlines()
        if line.startswith(f'| {name} ')
    )


def test_report(files, tmp_path, capsys):
    ann_file, good, blind = files
    out = tmp_path / 'report'
    runs = ['--run', 'good', str(good), '0.5', '--run', 'blind', str(blind)]
    benchmark = tmp_path / 'benchmark.json'
    benchmark.write_text(json.dumps({'latency_ms': {'1': {'total': {'median': 12.5}}}, 'size': [320, 320]}))
    options = ['--draws', '200', '--benchmark', str(benchmark)]
    assert report.main([str(ann_file), '--out-dir', str(out), *runs, *options]) == 0
    assert str(out / 'report.md') in capsys.readouterr().out
    item = json.loads((out / 'report.json').read_text())
    first, second = item['systems']
    assert first['summary'] == evaluate_files(ann_file, good, 0.5)['summary']
    rows = {(row['group'], row['name']): row for row in second['rows']}
    # The first change is a right answer in a half of the pairs of two, and in all of those with one.
    assert rows['answers', 'one answer, two or more changes']['acc50']['value'] == 0.5
    assert rows['subset', 'add']['acc50']['value'] == 0.5
    # 8 x 10 and 16 x 18 pixels of 40 x 30.
    assert {name: row['queries'] for (group, name), row in rows.items() if group == 'size'} == {'medium': 8, 'large': 4}
    assert second['errors']['invented'] == 12 and second['errors']['wrong change'] == 4
    (differences,) = item['differences']
    gain = {(row['group'], row['name']): row for row in differences['rows']}['answers', 'one answer']['acc50']
    assert gain['value'] == pytest.approx(4 / 12) and gain['low'] <= gain['value'] <= gain['high'] and gain['clear']
    assert table_row(out / 'report.md', 'good')[1:3] == ['0.5', '100.0 [39.8, 100.0]']
    assert 'latency_ms, 1, total, median' in (out / 'report.md').read_text()
    pictures = links(out / 'report.md')
    assert {'precision_recall.png', 'errors.png', 'errors_by_group.png', 'confusion.png'} < set(pictures)
    assert sorted(pictures) == sorted(path.name for path in out.glob('*.png'))


def test_report_without_boxes_or_answers(files, tmp_path):
    ann_file, *_ = files
    lines = [line for line in ann_file.read_text().splitlines() if '"changes": []' in line]
    ann_file.write_text('\n'.join(lines))
    silent = write_answers(ann_file, tmp_path / 'silent.jsonl', lambda number, query, truth: [])
    out = tmp_path / 'report'
    assert report.main([str(ann_file), '--out-dir', str(out), '--run', 'silent', str(silent)]) == 0
    assert 'No query has an answer.' in (out / 'report.md').read_text()
    assert links(out / 'report.md') == ['errors.png', 'errors_by_group.png']


@pytest.mark.parametrize(
    ('runs', 'words'),
    [
        ([['a', '{good}', 'x']], "THRESHOLD, found 'x'"),
        ([['a', '{good}', '1.5']], "THRESHOLD, found '1.5'"),
        ([['a']], "NAME FILE [THRESHOLD], found 'a'"),
        ([['a', '{good}'], ['a', '{good}']], "'a' twice"),
        ([['a', 'nowhere.jsonl']], 'nowhere.jsonl'),
    ],
)
def test_bad_runs(files, tmp_path, capsys, runs, words):
    ann_file, good, _ = files
    options = [word for run in runs for word in ['--run', *(part.format(good=good) for part in run)]]
    assert report.main([str(ann_file), '--out-dir', str(tmp_path / 'out'), *options]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_compare(files, tmp_path):
    ann_file, good, blind = files
    out = tmp_path / 'compare'
    runs = ['--run', 'good', str(good), '--run', 'blind', str(blind), '--run', 'again', str(good)]
    options = ['--data-root', str(tmp_path), '--pictures', '2', '--draws', '100']
    assert compare.main([str(ann_file), '--out-dir', str(out), *runs, *options]) == 0
    item = json.loads((out / 'compare.json').read_text())
    blind_part, same_part = item['comparisons']
    # 4 pairs of two changes, 4 of one, 4 of none: 12 single answers of which 8 are right, 12 unanswerable.
    assert blind_part['agreement'] == {'both': 8, 'first': 16, 'second': 0, 'neither': 0}
    assert same_part['agreement'] == {'both': 24, 'first': 0, 'second': 0, 'neither': 0}
    zero = {'value': 0.0, 'low': 0.0, 'high': 0.0, 'clear': False}
    assert all(row[name] in (None, zero) for row in same_part['rows'] for name in ('acc50', 'none_accuracy', 'ap50'))
    assert sorted(path.name for path in (out / 'pictures_1').iterdir()) == ['first_right_00.jpg', 'first_right_01.jpg']
    assert not (out / 'pictures_2').exists()
    assert all((out / link).is_file() for link in links(out / 'compare.md'))


def test_calibrate(tmp_path, capsys):
    (tmp_path / 'set').mkdir()
    ann_file = make_set(tmp_path / 'set', count=240)
    answers = write_answers(ann_file, tmp_path / 'answers.jsonl', random_scores(0, temperature=0.5))
    out = tmp_path / 'out'
    assert calibrate.main(['--set', 'drawn', str(ann_file), str(answers), '--out-dir', str(out)]) == 0
    item = json.loads((out / 'calibration.json').read_text())
    assert f'temperature {item["temperature"]:.4f}' in capsys.readouterr().out
    quality = item['quality']['drawn']
    assert quality['ece']['held_out'] < quality['ece']['before']
    # The decision at the calibrated threshold is the one at the raw threshold.
    figures = evaluate_files(ann_file, answers, item['raw_score_threshold'])['summary']
    assert figures['score'] == pytest.approx(item['at_threshold']['score'], abs=1e-9)
    assert all((out / link).is_file() for link in links(out / 'calibration.md'))


def test_calibrate_needs_right_and_wrong_answers(files, tmp_path, capsys):
    ann_file, good, _ = files
    assert calibrate.main(['--set', 'good', str(ann_file), str(good), '--out-dir', str(tmp_path / 'out')]) == 1
    assert 'right and wrong answers' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()
