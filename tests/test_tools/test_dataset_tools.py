"""Validator, browser and statistics as a user calls them, on made-up data sets."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from difftracker.datasets.annotation_checks import FAULT_CODES
from difftracker.datasets.annotations import read_annotations
from tests.test_datasets.pair_set_factory import change, pair, write_set
from tools.dataset import browse, cut_windows, stats, validate


@pytest.fixture()
def good(tmp_path):
    return write_set(tmp_path / 'set', [pair(number) for number in range(3)])


def codes(tmp_path, *arguments):
    """Runs the validator; returns the fault codes of its JSON file, in order."""
    out = tmp_path / 'findings.json'
    status = validate.main([*map(str, arguments), '--json', str(out)])
    report = json.loads(out.read_text())
    assert status == (0 if report['ok'] else 1)
    assert report['ok'] == (not report['faults'])
    found = [fault['code'] for fault in report['faults']]
    assert report['counts'] == {code: found.count(code) for code in sorted(set(found))}
    assert set(found) <= set(FAULT_CODES)
    return found


def test_good_set(good, tmp_path, capsys):
    assert codes(tmp_path, good) == []
    assert '3 pairs, 6 changes, 9 queries' in capsys.readouterr().out


def break_line(text):
    def breaker(path):
        lines = path.read_text().splitlines()
        lines[1] = text
        path.write_text('\n'.join(lines))

    return breaker


def break_record(**fields):
    def breaker(path):
        records = [json.loads(line) for line in path.read_text().splitlines()]
        records[1].update(fields)
        path.write_text('\n'.join(json.dumps(record) for record in records))

    return breaker


def break_picture(action):
    def breaker(path):
        action(path.parent.parent / 'images' / '1_b.png')

    return breaker


def truncate(picture):
    picture.write_bytes(picture.read_bytes()[:-200])


def resize(picture):
    Image.open(picture).resize((20, 30)).save(picture)


def rename(picture):
    Image.open(picture).save(picture, format='JPEG')


def copy_before(picture):
    shutil.copy(picture.with_name('1_a.png'), picture)


def query(**fields):
    return [{'query_id': 'q', 'text': 'x', 'subset': 'remove', 'answers': [0], **fields}]


NO_QUERIES = {'queries': []}
FAULTS = [
    ('not-json', break_line('{"pair_id": ')),
    ('not-json', break_record(score=float('nan'))),
    ('not-object', break_line('[1, 2]')),
    ('not-object', break_line('null')),
    ('missing-field', break_line('{}')),
    ('wrong-type', break_record(pair_id=7)),
    ('wrong-type', break_record(scene='kitchen')),
    ('wrong-type', break_record(changes=[{**change(0), 'label': ['cup']}], queries=[])),
    ('path-leaves-root', break_record(after='../../secret.png')),
    ('bad-size', break_record(after_size=[40])),
    ('bad-box', break_record(changes=[change(0, before=(1, 2, 3))], queries=[])),
    ('box-not-finite', break_record(changes=[change(0, before=(1, 2, float('nan'), 4))], queries=[])),
    ('box-empty', break_record(changes=[change(0, before=(5, 2, 4, 9))], queries=[])),
    ('box-outside', break_record(changes=[change(0, after=(5, 2, 41, 9))], queries=[])),
    ('box-outside', break_record(changes=[change(0, after=(5, 2, 10**400, 9))], queries=[])),
    ('box-missing', break_record(changes=[change(0, before=None, after=None)], queries=[])),
    ('duplicate-pair-id', break_record(pair_id='p0')),
    ('duplicate-change-id', break_record(changes=[change(0), change(0)], queries=[])),
    ('duplicate-query-id', break_record(queries=query() * 2)),
    ('duplicate-answer', break_record(queries=query(answers=[0, 0]))),
    ('unknown-answer', break_record(queries=query(answers=[5]))),
    ('empty-text', break_record(queries=query(text='  '))),
    ('subset-mismatch', break_record(queries=query(subset='none'))),
    ('image-missing', break_picture(lambda picture: picture.unlink())),
    ('image-missing', break_record(after='x' * 300 + '.png')),
    ('image-unreadable', break_picture(truncate)),
    ('image-unreadable', break_picture(lambda picture: picture.write_bytes(b''))),
    ('image-unreadable', break_picture(lambda picture: picture.write_text('<html>'))),
    ('image-renamed', break_picture(rename)),
    ('size-mismatch', break_picture(resize)),
    ('no-difference', break_picture(copy_before)),
    ('file-empty', lambda path: path.write_text('\n')),
    ('file-missing', lambda path: path.unlink()),
]


@pytest.mark.parametrize(('code', 'breaker'), FAULTS)
def test_each_fault_is_named(good, tmp_path, code, breaker):
    breaker(good)
    assert set(codes(tmp_path, good)) == {code}


def test_every_code_has_a_test():
    assert {code for code, _ in FAULTS} | {'leaked-pair-id', 'leaked-image'} == set(FAULT_CODES)


def test_goes_on_past_faults_and_names_the_place(good, tmp_path, capsys):
    break_line('nonsense')(good)
    records = good.read_text().splitlines()
    broken = {**json.loads(records[2]), 'before_size': [1, 1]}
    good.write_text('\n'.join([*records[:2], json.dumps(broken)]))
    assert codes(tmp_path, good) == ['not-json', *['box-outside'] * 2, 'size-mismatch']
    printed = capsys.readouterr().out
    assert f'{good}:2: not-json' in printed
    assert f'{good}:3: [p2] size-mismatch' in printed


def test_leaks_between_splits(good, tmp_path):
    other = write_set(tmp_path / 'set', [pair(7), pair(1)], name='val')
    shutil.copy(good.parent.parent / 'images/0_a.png', good.parent.parent / 'images/7_b.png')
    assert codes(tmp_path, good, other) == ['leaked-image', 'leaked-pair-id', 'leaked-image', 'leaked-image']
    assert codes(tmp_path, good) == []


def test_the_same_picture_in_another_format_is_a_leak(good, tmp_path):
    other = write_set(tmp_path / 'other', [pair(7)], name='val')
    Image.open(good.parent.parent / 'images/0_a.png').save(other.parent.parent / 'images/7_b.png', compress_level=1)
    assert codes(tmp_path, good, other) == ['leaked-image']


def test_pictures_may_be_left_alone(good, tmp_path):
    break_picture(truncate)(good)
    assert codes(tmp_path, good, '--no-pixels') == []
    break_picture(lambda picture: picture.unlink())(good)
    assert codes(tmp_path, good, '--no-pixels') == ['image-missing']


def test_data_root_is_an_argument(good, tmp_path):
    moved = tmp_path / 'elsewhere.jsonl'
    shutil.copy(good, moved)
    assert codes(tmp_path, moved, '--data-root', good.parent.parent) == []
    assert set(codes(tmp_path, moved, '--data-root', tmp_path)) == {'image-missing'}


class TestBrowse:
    def test_pictures_and_page(self, good, tmp_path):
        out = tmp_path / 'out'
        assert browse.main([str(good), '--out', str(out), '--count', '2']) == 0
        names = sorted(file.name for file in out.iterdir())
        assert names == ['0000_p0.png', '0001_p2.png', 'index.html']
        page = (out / 'index.html').read_text()
        assert 'src="0001_p2.png"' in page
        picture = np.asarray(Image.open(out / '0000_p0.png'))
        assert picture.shape[1] > 1000
        assert picture.std() > 20

    def test_boxes_are_drawn_where_they_are_in_view(self, tmp_path):
        item = pair(0, [change(0, after=None)], [])
        path = write_set(tmp_path / 'set', [item])
        for side in 'ab':
            Image.new('RGB', (40, 30), 'white').save(path.parent.parent / f'images/0_{side}.png')
        browse.main([str(path), '--out', str(tmp_path / 'out')])
        picture = np.asarray(Image.open(tmp_path / 'out/0000_p0.png')).astype(int)
        coloured = np.abs(picture - picture.mean(axis=2, keepdims=True)).max(axis=2) > 30
        half = picture.shape[1] // 2
        assert coloured[:, :half].any()
        assert not coloured[:, half:].any()

    def test_chosen_pair_and_unknown_pair(self, good, tmp_path, capsys):
        assert browse.main([str(good), '--out', str(tmp_path / 'out'), '--pair', 'p1']) == 0
        assert (tmp_path / 'out/0000_p1.png').is_file()
        assert browse.main([str(good), '--out', str(tmp_path / 'out'), '--pair', 'p9']) == 1
        assert "'p9'" in capsys.readouterr().err

    def test_goes_on_past_a_broken_picture(self, good, tmp_path, capsys):
        break_picture(truncate)(good)
        assert browse.main([str(good), '--out', str(tmp_path / 'out')]) == 1
        assert len(list((tmp_path / 'out').glob('*.png'))) == 2
        assert '1_b.png' in capsys.readouterr().err


class TestStats:
    def test_counts(self, tmp_path, capsys):
        pairs = [
            pair(0, [change(0, after=(0, 0, 40, 30)), change(1, 'move', after=None)], nuisance='aligned'),
            pair(1, [], [{**query()[0], 'subset': 'none', 'answers': [], 'text': 'Find all', 'form': 'named'}]),
        ]
        path = write_set(tmp_path, pairs, pictures=False)
        out = tmp_path / 'counts.json'
        assert stats.main([str(path), '--json', str(out)]) == 0
        counts = json.loads(out.read_text())
        assert counts['pairs'] == 2
        assert counts['changes_per_pair'] == {'0': 1, '2': 1}
        assert counts['kinds'] == {'move': 1, 'remove': 1}
        assert counts['change_sizes'] == {'small (< 32 x 32)': 1, 'medium': 1, 'large (>= 96 x 96)': 0}
        assert counts['out_of_view'] == {'before': 0, 'after': 1}
        assert counts['subset'] == {'none': 2, 'all': 1, 'remove': 1}
        assert counts['answers_per_query'] == {'0': 2, '1': 1, '2': 1}
        assert counts['form'] == {'not given': 3, 'named': 1}
        assert counts['nuisance'] == {'aligned': 1, 'not given': 1}
        assert counts['distinct_texts'] == 3
        assert counts['words_per_text'] == {'min': 2, 'median': 3, 'mean': 3.25, 'max': 5}
        printed = capsys.readouterr().out
        assert '2 pairs, 4 images, 2 changes, 4 queries' in printed
        assert '50.0 %' in printed

    def test_set_without_changes_or_queries(self, tmp_path):
        path = write_set(tmp_path, [pair(0, [], [])], pictures=False)
        assert stats.main([str(path)]) == 0

    def test_broken_file(self, tmp_path, capsys):
        path = tmp_path / 'x.jsonl'
        path.write_text('{}\n')
        assert stats.main([str(path)]) == 1
        assert f'{path}:1' in capsys.readouterr().err


class TestCutWindows:
    @pytest.fixture()
    def large(self, tmp_path):
        """One pair of 400 x 300 noise in which one block of 20 px differs, and one of two sizes."""
        root = tmp_path / 'large'
        root.mkdir()
        noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), dtype=np.uint8)
        other = noise.copy()
        other[210:230, 310:330] += 1
        for name, image in (('a', noise), ('b', other), ('c', other[:200])):
            Image.fromarray(image).save(root / f'{name}.png')
        box = [310, 210, 330, 230]
        lines = [
            {
                'pair_id': f'pair-{after}',
                'before': 'a.png',
                'after': f'{after}.png',
                'before_size': [400, 300],
                'after_size': [400, height],
                'changes': [{'change_id': 0, 'type': 'appearance', 'before_box': box, 'after_box': box}],
                'queries': [],
            }
            for after, height in (('b', 300), ('c', 200))
        ]
        lines[1]['changes'] = []
        (root / 'all.jsonl').write_text('\n'.join(map(json.dumps, lines)))
        return root

    def cut(self, large, out, *arguments):
        command = [
            large / 'all.jsonl',
            '--root',
            large,
            '--out',
            out,
            '--split',
            'train',
            '--size',
            60,
            120,
            *arguments,
        ]
        return cut_windows.main([*map(str, command)])

    def test_boxes_stand_on_the_pixels_that_differ(self, large, tmp_path, capsys):
        out = tmp_path / 'windows'
        assert self.cut(large, out, '--per-pair', 6, '--empty', 0) == 0
        assert 'left out: 1 pairs' in capsys.readouterr().out
        windows = [json.loads(line) for line in (out / 'annotations' / 'train.jsonl').read_text().splitlines()]
        assert len({window['pair_id'] for window in windows}) == len(windows) >= 4
        for window in windows:
            before, after = (np.asarray(Image.open(out / window[side])) for side in ('before', 'after'))
            rows, columns = np.nonzero((before != after).any(-1))
            found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            assert window['changes'][0]['after_box'] == found
            assert window['cut_from'] == 'pair-b' and window['after_size'] == [after.shape[1], after.shape[0]]
        assert codes(tmp_path, out / 'annotations' / 'train.jsonl') == []

    def test_a_seed_gives_the_same_windows(self, large, tmp_path):
        texts = []
        for name, seed in (('one', 1), ('two', 1), ('three', 2)):
            assert self.cut(large, tmp_path / name, '--seed', seed) == 0
            texts.append((tmp_path / name / 'annotations' / 'train.jsonl').read_text())
        assert texts[0] == texts[1] != texts[2]

    def test_a_broken_picture_leaves_no_annotations(self, large, tmp_path, capsys):
        (large / 'b.png').write_bytes(b'no picture')
        assert self.cut(large, tmp_path / 'windows') == 1
        assert 'b.png' in capsys.readouterr().err
        assert not (tmp_path / 'windows' / 'annotations').exists()

    def test_ids_that_are_no_file_names(self, large, tmp_path):
        """Paths stay below the new folder and in a form that the reader takes; an id with a `/` keeps its name."""
        record = json.loads((large / 'all.jsonl').read_text().splitlines()[0])
        ids = ('set\\pair', 'set\\\\pair', '../../../up', 'set/pair', 'set//pair', 'ü' * 150)
        (large / 'all.jsonl').write_text('\n'.join(json.dumps({**record, 'pair_id': name}) for name in ids))
        out = tmp_path / 'windows'
        assert self.cut(large, out, '--per-pair', 2) == 0
        records = read_annotations(out / 'annotations' / 'train.jsonl')
        paths = {path for record in records for path in (record.before, record.after)}
        assert len(paths) == 2 * len(records) and {record.extra['cut_from'] for record in records} == set(ids)
        assert {path.relative_to(out).as_posix() for path in tmp_path.rglob('*_[ab].png')} == paths
        kept = {record.before for record in records if record.pair_id == 'set/pair-w0'}
        assert kept == {'images/000/set/pair-w0_a.png'}

    @pytest.mark.parametrize('name', ['a', 'b'])
    def test_a_picture_of_another_size_than_stated(self, large, tmp_path, capsys, name):
        Image.open(large / f'{name}.png').crop((0, 0, 80, 50)).save(large / f'{name}.png')
        assert self.cut(large, tmp_path / 'windows') == 1
        assert f'{name}.png: expected 400 x 300 pixels, found 80 x 50' in capsys.readouterr().err
        assert not (tmp_path / 'windows').exists()

    def test_without_a_window_there_is_no_set(self, large, tmp_path, capsys):
        (large / 'all.jsonl').write_text((large / 'all.jsonl').read_text().splitlines()[1])
        assert self.cut(large, tmp_path / 'windows') == 1
        assert 'all.jsonl: expected at least one window, found none' in capsys.readouterr().err
        assert not (tmp_path / 'windows').exists()

    def test_bad_sizes(self, large, tmp_path, capsys):
        with pytest.raises(SystemExit):
            self.cut(large, tmp_path / 'windows', '--size', 50, 20)
        assert '--size LOW HIGH' in capsys.readouterr().err
