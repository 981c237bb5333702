"""The command that writes sentences into an annotation file."""

from __future__ import annotations

import json
from pathlib import Path

from tools.dataset import write_queries


def _record(pair_id: str, x: float) -> dict:
    changes = [
        {'change_id': 0, 'type': 'open', 'before_box': [x, 20.0, x + 30, 50.0], 'after_box': [x, 20.0, x + 30, 50.0]},
        {'change_id': 1, 'type': 'spur', 'before_box': [300.0, 300.0, 340.0, 340.0], 'after_box': [300, 300, 340, 340]},
    ]
    return {
        'pair_id': pair_id, 'before': 'images/a.webp', 'after': 'images/b.webp', 'before_size': [400, 400],
        'after_size': [400, 400], 'changes': changes, 'source': 'own', 'group': 'g1',
        'queries': [{'query_id': 'q0', 'text': 'Find all defects.', 'subset': 'all', 'answers': [0, 1]}],
    }  # fmt: skip


def _write(path: Path, records: list[dict]) -> Path:
    path.write_text(''.join(json.dumps(record) + '\n' for record in records), encoding='utf-8')
    return path


def _read(path: Path) -> dict[str, dict]:
    return {item['pair_id']: item for item in map(json.loads, path.read_text(encoding='utf-8').splitlines())}


def _run(source: Path, out: Path, *options: str) -> dict[str, dict]:
    assert write_queries.main([str(source), '--out', str(out), '--domain', 'board', '--per-pair', '6', *options]) == 0
    return _read(out)


def test_sentences_depend_on_seed_and_pair_id_only(tmp_path):
    both = _write(tmp_path / 'both.jsonl', [_record('p1', 20.0), _record('p2', 60.0)])
    alone = _write(tmp_path / 'alone.jsonl', [_record('p2', 60.0)])
    first = _run(both, tmp_path / 'o1.jsonl', '--seed', '7')
    second = _run(alone, tmp_path / 'o2.jsonl', '--seed', '7')
    other = _run(alone, tmp_path / 'o3.jsonl', '--seed', '8')
    assert first['p2'] == second['p2'] != other['p2']
    assert len(first['p1']['queries']) == 6
    assert first['p1']['group'] == 'g1' and first['p1']['source'] == 'own'


def test_several_processes_write_the_same(tmp_path):
    source = _write(tmp_path / 'in.jsonl', [_record(f'p{index}', 10.0 * index) for index in range(12)])
    alone = _run(source, tmp_path / 'o1.jsonl')
    out = tmp_path / 'o2.jsonl'
    assert write_queries.main([str(source), '--out', str(out), *'--domain board --per-pair 6 --workers 2'.split()]) == 0
    assert out.read_bytes() == (tmp_path / 'o1.jsonl').read_bytes()
    assert len(alone) == 12


def test_keep_adds_behind_the_sentences_that_are_there(tmp_path):
    source = _write(tmp_path / 'in.jsonl', [_record('p1', 20.0)])
    queries = _run(source, tmp_path / 'out.jsonl', '--keep')['p1']['queries']
    assert queries[0]['text'] == 'Find all defects.' and len(queries) >= 6
    assert len({query['query_id'] for query in queries}) == len(queries)


def test_a_broken_file_is_named_and_nothing_written(tmp_path, capsys):
    source = tmp_path / 'bad.jsonl'
    source.write_text('{"pair_id": 1}\n', encoding='utf-8')
    out = tmp_path / 'out.jsonl'
    assert write_queries.main([str(source), '--out', str(out), '--domain', 'board']) == 1
    assert 'bad.jsonl' in capsys.readouterr().err and not out.exists()


def test_negative_numbers_are_refused(tmp_path, capsys):
    source = _write(tmp_path / 'in.jsonl', [_record('p1', 20.0)])
    assert write_queries.main([str(source), '--out', str(tmp_path / 'o'), '--domain', 'board', '--per-pair', '-1']) == 2
    assert '--per-pair' in capsys.readouterr().err
