"""Asking a trained model for the names of what has changed, as a user does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mmengine.config import Config

from tools.analysis import probe_names as tool


@pytest.fixture()
def arguments(trained, monkeypatch):
    """Config and weights of a short training, whose pairs have no names; the folder of its set."""
    folder, config = trained
    monkeypatch.chdir(folder.parent)
    dataset = Config.fromfile(config).test_dataloader.dataset
    return [str(config), str(folder / 'epoch_2.pth')], dataset.data_root, dataset.ann_file


def test_names_of_a_set(arguments, tmp_path, capsys):
    command, root, ann_file = arguments
    records = [json.loads(line) for line in (Path(root) / ann_file).read_text().splitlines()]
    for number, record in enumerate(records):
        for change in record['changes']:
            change['label'] = ('mug', 'plate', 'spoon')[number % 3]
    named = tmp_path / 'named.jsonl'
    named.write_text(''.join(json.dumps(record) + '\n' for record in records))
    out = tmp_path / 'names.json'
    assert tool.main([*command, '--ann-file', str(named), '--pairs', '3', '--out', str(out)]) == 0
    report = json.loads(out.read_text())
    assert report['vocabulary'] == len({c['label'] for record in records[:3] for c in record['changes']})
    # All changes are removals: nothing stands there afterwards.
    assert report['before']['guesses'] <= 3 and report['after']['guesses'] == 0
    assert sum(row['guesses'] for row in report['names'].values()) == report['before']['guesses']
    printed = capsys.readouterr().out
    assert printed.startswith('3 names\n') and 'mostly taken for' in printed


def test_a_set_without_names_and_one_that_is_missing(arguments, capsys):
    command, *_ = arguments
    assert tool.main(command) == 1
    assert 'expected changes with at least two different names, found []' in capsys.readouterr().err
    assert tool.main([*command, '--ann-file', 'nowhere.jsonl']) == 1
    assert 'nowhere.jsonl: expected an annotation file, found none' in capsys.readouterr().err
