"""The converter as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from difftracker.converters import CONVERTERS
from difftracker.datasets.annotations import read_annotations
from tests.test_converters.test_deeppcb import write_deeppcb
from tests.test_converters.test_image_editing_request import write_requests
from tests.test_converters.test_mask_folders import write_triplet
from tools.dataset import convert, validate, write_queries


def test_help_lists_the_formats(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        convert.main(['--help'])
    printed = capsys.readouterr().out
    assert stop.value.code == 0
    lines = [line.split(maxsplit=1) for line in printed.splitlines()]
    for name, converter in CONVERTERS.items():
        assert [name, converter.SUMMARY] in lines


@pytest.mark.parametrize('name', list(CONVERTERS))
def test_each_format_explains_itself(name: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as stop:
        convert.main([name, '--help'])
    printed = capsys.readouterr().out
    assert stop.value.code == 0 and '--link' in printed
    for option in convert.options_of(name):
        assert convert.OPTIONS[option][0] in printed


def test_convert_then_write_sentences(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / 'out'
    assert convert.main(['deeppcb', str(write_deeppcb(tmp_path)), '--out', str(out), '--split', 'test']) == 0
    printed = capsys.readouterr()
    *hint, last = printed.out.splitlines()
    assert last == f'{out}: test 1 pairs, 1 changes, 0 sentences; 0 pairs left out; 0 broken' and printed.err == ''
    # The command that it names works as it stands.
    (command,) = [line for line in hint if 'write_queries.py' in line]
    assert write_queries.main(command.split('write_queries.py')[1].split()) == 0
    path = out / 'annotations' / 'test.jsonl'
    assert len(read_annotations(path)[0].queries) > 3
    assert validate.main([str(path)]) == 0


def test_a_broken_pair_is_listed_and_costs_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    root = write_deeppcb(tmp_path)
    (root / 'PCBData/group20085/20085/20085000_temp.jpg').unlink()
    assert convert.main(['deeppcb', str(root), '--out', str(tmp_path / 'out')]) == 1
    printed = capsys.readouterr()
    assert (
        'broken: trainval [deeppcb-20085000] ' in printed.err and '20085000_temp.jpg: expected an image' in printed.err
    )
    assert printed.out.splitlines()[-1].endswith('; 0 pairs left out; 1 broken')
    assert [record.pair_id for record in read_annotations(tmp_path / 'out/annotations/trainval.jsonl')] == [
        'deeppcb-20085001'
    ]


def test_options_of_a_format(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_triplet(tmp_path / 'set' / 'train', ('A', 'B', 'label'), 'train_1')
    arguments = ['mask-folders', str(tmp_path / 'set'), '--out', str(tmp_path / 'out')]
    assert convert.main([*arguments, '--min-area', '4', '--dilate', '3', '--link']) == 0
    (record,) = read_annotations(tmp_path / 'out/annotations/train.jsonl')
    assert [change.after_box for change in record.changes] == [(4, 4, 30, 14), (50, 40, 52, 42)]
    assert (tmp_path / 'out' / record.before).is_symlink()
    requests = ['image-editing-request', str(write_requests(tmp_path / 'ier')), '--out', str(tmp_path / 'requests')]
    assert convert.main(requests) == 1
    assert 'error: Image Editing Request has no boxes; --pixel-boxes' in capsys.readouterr().err
    assert convert.main([*requests, '--pixel-boxes']) == 0
    assert 'left out: 1 pairs: no region differs between the images' in capsys.readouterr().out
    with pytest.raises(SystemExit):
        convert.main([*arguments, '--seed', '3'])


@pytest.mark.parametrize(
    ('arguments', 'told'),
    [
        (['deeppcb', 'nowhere'], 'nowhere: expected the folder of DeepPCB, found no folder'),
        (['deeppcb', '.'], '.: expected splits out of none, found no split at all'),
        (['mig-bench', '.'], 'MIG_data.json: expected a JSON file, found: No such file or directory'),
        (['mig-bench', '.', '--split', 'val'], '.: expected splits out of test, found val'),
    ],
)
def test_one_message_for_each_mistake(
    tmp_path: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert convert.main([*arguments, '--out', 'out']) == 1
    printed = capsys.readouterr()
    assert printed.err == f'error: {told}\n' and printed.out == ''
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / 'taken').write_text(json.dumps('a file'))
    assert convert.main(['deeppcb', str(write_deeppcb(tmp_path)), '--out', str(tmp_path / 'taken')]) == 1
    assert f'write {tmp_path / "taken"}, found: ' in capsys.readouterr().err
