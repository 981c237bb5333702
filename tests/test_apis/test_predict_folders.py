"""Two folders of pictures in one run."""

from __future__ import annotations

import csv
import json
import signal

import pytest
from PIL import Image

from difftracker.apis.cli import main
from difftracker.apis.ending_signals import NAMES
from difftracker.apis.predict_folders import match_folders
from difftracker.errors import ImageReadError


@pytest.fixture
def folders(tmp_path, pair):
    """Pair `a` differs, `sub/b` does not and is stored in two formats, `c` is damaged, `d` and `e` stand alone."""
    before, after = (Image.fromarray(image) for image in pair)
    for side in ('old', 'new'):
        (tmp_path / side / 'sub').mkdir(parents=True)
        (tmp_path / side / 'c.png').write_bytes(b'no picture')
        (tmp_path / side / 'notes.txt').write_text('not a picture')
    before.save(tmp_path / 'old/a.png')
    after.save(tmp_path / 'new/a.png')
    before.save(tmp_path / 'old/sub/b.png')
    before.save(tmp_path / 'new/sub/b.bmp')
    before.save(tmp_path / 'old/d.png')
    before.save(tmp_path / 'new/e.png')
    return tmp_path


def run(folders, weights, *options):
    arguments = [str(folders / 'old'), str(folders / 'new'), *options, '--checkpoint', str(weights)]
    return main(['predict', *arguments, '--out-dir', str(folders / 'out')])


def test_answers_of_all_pairs(stub, weights, folders, capsys):
    assert run(folders, weights, 'What is gone?', 'nothing') == 1
    printed = capsys.readouterr()
    assert 'in 2 of 3 pairs' in printed.out
    passed = [line for line in printed.err.splitlines() if 'passed over' in line]
    assert [name in line for name, line in zip(('old/d.png', 'new/e.png', 'c.png'), passed, strict=True)] == [True] * 3
    answers = [json.loads(line) for line in (folders / 'out/answers.jsonl').read_text().splitlines()]
    assert [(answer['text'], len(answer['boxes'])) for answer in answers] == [
        ('What is gone?', 1), ('nothing', 0), ('What is gone?', 1), ('nothing', 0),
    ]  # fmt: skip
    assert answers[2]['after'].endswith('b.bmp')
    assert all(Image.open(answer['picture']) for answer in answers if answer['boxes'])
    with (folders / 'out/answers.csv').open(newline='') as lines:
        rows = list(csv.DictReader(lines))
    assert [(row['pair'], row['changed'], row['kind']) for row in rows] == [
        ('a', 'yes', 'remove'), ('a', 'no', ''), ('sub/b', 'yes', 'remove'), ('sub/b', 'no', ''),
    ]  # fmt: skip
    assert [float(rows[0][name]) for name in ('x1', 'y1', 'x2', 'y2')] == pytest.approx(answers[0]['boxes'][0], abs=0.1)


def test_the_exit_code_tells_whether_something_changed(stub, weights, folders):
    for file in ('old/c.png', 'new/c.png', 'old/d.png', 'new/e.png'):
        (folders / file).unlink()
    assert run(folders, weights, 'nothing', '--exit-code') == 0
    assert run(folders, weights, 'What is gone?') == 0
    assert run(folders, weights, 'What is gone?', '--exit-code') == 3


def test_an_interruption_keeps_what_was_answered(stub, weights, folders, monkeypatch):
    answer, calls = stub.test_step, []

    def interrupt_the_second(data):
        calls.append(data)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return answer(data)

    monkeypatch.setattr(stub, 'test_step', interrupt_the_second)
    assert run(folders, weights) == 130
    assert len((folders / 'out/answers.jsonl').read_text().splitlines()) == 1


@pytest.mark.usefixtures('ending_by_default')
@pytest.mark.parametrize('name', [name for name in NAMES if hasattr(signal, name)])
def test_an_ending_signal_keeps_what_was_answered(stub, weights, folders, monkeypatch, capsys, name):
    answer, calls, number = stub.test_step, [], getattr(signal, name)

    def end_the_second(data):
        calls.append(data)
        if len(calls) == 2:
            signal.raise_signal(number)
        return answer(data)

    monkeypatch.setattr(stub, 'test_step', end_the_second)
    assert run(folders, weights) == 128 + number
    assert f'ended by {name}' in capsys.readouterr().err
    assert len((folders / 'out/answers.jsonl').read_text().splitlines()) == 1
    assert len((folders / 'out/answers.csv').read_text().splitlines()) == 2


def test_answers_outlive_a_file_that_cannot_be_written(stub, weights, folders, capsys):
    (folders / 'out/answers.csv').mkdir(parents=True)
    assert run(folders, weights) == 2
    kept = folders / 'out/answers.jsonl'
    assert f'2 answers of a run that did not end: {kept}' in capsys.readouterr().err
    assert len(kept.read_text().splitlines()) == 2


def test_each_sentence_has_a_picture_of_its_own(stub, weights, folders):
    assert run(folders, weights, 'What changed?', 'what changed', 'nothing', 'Nothing!') == 1
    answers = [json.loads(line) for line in (folders / 'out/answers.jsonl').read_text().splitlines()]
    found = [
        (answer['text'], answer['picture']) for answer in answers if answer['boxes'] and 'a.png' in answer['after']
    ]
    names = ['a_what-changed.png', 'a_what-changed-2.png', 'a_nothing-2.png']
    assert found == [
        (text, str(folders / 'out' / name))
        for text, name in zip(['What changed?', 'what changed', 'Nothing!'], names, strict=True)
    ]
    assert all((folders / 'out' / name).is_file() for name in names)


def test_long_names_are_shortened_and_stay_apart(stub, weights, folders, pair):
    names = ['n' * 209 + '1', 'n' * 209 + '2', '前' * 80]
    for side, image in zip(('old', 'new'), pair, strict=True):
        for name in names:
            Image.fromarray(image).save(folders / side / f'{name}.png')
    assert run(folders, weights, 'word ' * 60) == 1
    answers = [json.loads(line) for line in (folders / 'out/answers.jsonl').read_text().splitlines()]
    pictures = {answer['picture'] for answer in answers}
    assert len(pictures) == len(answers) == 5 and all(Image.open(picture) for picture in pictures)


def test_a_picture_that_cannot_be_written_is_listed_and_the_run_goes_on(stub, weights, folders, capsys):
    blocked = folders / 'out/a_gone.png'
    blocked.mkdir(parents=True)
    assert run(folders, weights, 'gone') == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if 'a_gone.png' in line]
    assert line.startswith(f'difftracker: {blocked}: expected to write this picture of an answer, found: ')
    answers = [json.loads(line) for line in (folders / 'out/answers.jsonl').read_text().splitlines()]
    assert [(len(answer['boxes']), 'picture' in answer) for answer in answers] == [(1, False), (1, True)]


def test_a_picture_of_an_older_answer_does_not_stay_beside_nothing(stub, weights, folders):
    assert run(folders, weights, 'gone') == 1
    other = folders / 'out/a_other.png'
    other.write_bytes(b'of another sentence')
    assert (folders / 'out/a_gone.png').is_file()
    assert run(folders, weights, 'gone', '--score-threshold', '0.95') == 1
    assert sorted(path.name for path in (folders / 'out').rglob('*.*')) == [
        'a_other.png',
        'answers.csv',
        'answers.jsonl',
    ]


@pytest.mark.parametrize('place', ['old', 'new/', 'new/answers/of/today', 'old/../new/sub', 'link/answers'])
def test_answers_may_not_become_pictures_to_compare(folders, capsys, place):
    (folders / 'link').symlink_to(folders / 'old/sub')
    before = sorted(folders.rglob('*'))
    # No model is there: the refusal comes before it is looked for.
    arguments = [str(folders / 'old'), str(folders / 'new'), '--checkpoint', 'missing.safetensors']
    assert main(['predict', *arguments, '--out-dir', str(folders / place)]) == 2
    side = folders / ('new' if 'new' in place else 'old')
    expected = f'--out-dir: expected a folder outside of those that are compared, found {folders / place} in {side}\n'
    assert capsys.readouterr().err == f'difftracker: error: {expected}'
    assert sorted(folders.rglob('*')) == before


def test_two_pictures_of_one_name(folders):
    Image.open(folders / 'old/a.png').save(folders / 'old/a.bmp')
    with pytest.raises(ImageReadError, match=r'a\.png.*a\.bmp'):
        match_folders(folders / 'old', folders / 'new')
