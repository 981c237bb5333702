from __future__ import annotations

import errno
import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from difftracker.apis.cli import main
from difftracker.apis.predict_pair import distinct_name, picture_name
from difftracker.utils.files import atomic_write
from difftracker.utils.image_io import read_image, write_image
from tests.test_apis.random_weights import random_weights

HEAVY = ('torch', 'numpy', 'PIL', 'mmengine', 'mmdet', 'transformers', 'cv2', 'matplotlib')


def run_file(root: Path, weights: Path, *options: str) -> int:
    arguments = [
        '--annotations',
        str(root / 'annotations.jsonl'),
        '--data-root',
        str(root),
        '--checkpoint',
        str(weights),
    ]
    return main(['predict', *arguments, '--out', str(root / 'out' / 'predictions.jsonl'), *options])


def read_lines(root: Path) -> list[dict]:
    return [json.loads(line) for line in (root / 'out' / 'predictions.jsonl').read_text().splitlines()]


def edit_line(root: Path, number: int, **fields: object) -> None:
    path = root / 'annotations.jsonl'
    lines = path.read_text().splitlines()
    lines[number] = json.dumps({**json.loads(lines[number]), **fields})
    path.write_text('\n'.join(lines) + '\n')


@pytest.fixture()
def files(tmp_path: Path, pair: tuple[np.ndarray, np.ndarray]) -> list[str]:
    paths = [tmp_path / 'before.png', tmp_path / 'after.png']
    for path, image in zip(paths, pair):
        Image.fromarray(image).save(path)
    return [str(path) for path in paths]


@pytest.mark.parametrize('arguments', [['--help'], ['--version'], ['predict', '--help'], ['evaluate', '--help']])
def test_help_imports_nothing_heavy(arguments):
    code = (
        'import sys\nfrom difftracker.apis.cli import main\n'
        f'try:\n    main({arguments!r})\nexcept SystemExit as stop:\n    assert not stop.code\n'
        f'print("HEAVY", [name for name in {HEAVY!r} if name in sys.modules])'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith('HEAVY []\n')
    assert 'difftracker' in done.stdout


def test_a_reader_that_leaves_is_no_bad_input(tmp_path):
    annotations = Path(__file__).parents[2] / 'demo' / 'annotations.jsonl'
    predictions = tmp_path / 'predictions.jsonl'
    predictions.touch()
    arguments = ['evaluate', str(annotations), str(predictions)]
    code = f'import sys\nfrom difftracker.apis.cli import main\nsys.exit(main({arguments!r}))'
    with subprocess.Popen([sys.executable, '-c', code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b''
    assert process.returncode == 141


def test_one_pair_prints_the_answer_and_writes_the_picture(stub, weights, files, tmp_path, capsys):
    out = tmp_path / 'out'
    assert main(['predict', *files, 'What is gone?', '--checkpoint', str(weights), '--out-dir', str(out)]) == 0
    printed = capsys.readouterr().out
    picture = out / 'before_after_what-is-gone.png'
    assert 'remove' in printed and 'score 0.90' in printed and str(picture) in printed
    assert Image.open(picture).width > 700


@pytest.mark.parametrize(('option', 'words'), [([], 'score 0.90'), (['--json'], '"remove"')])
def test_an_unwritten_file_does_not_cost_the_answer(stub, weights, files, tmp_path, capsys, option, words):
    # A folder where the picture should be: that much shows only when it is written.
    (tmp_path / 'out' / 'before_after_gone.png').mkdir(parents=True)
    arguments = ['predict', *files, 'gone', '--checkpoint', str(weights), '--out-dir', str(tmp_path / 'out')]
    assert main([*arguments, *option]) == 2
    printed = capsys.readouterr()
    assert words in printed.out and 'picture' not in printed.out
    assert printed.err.count('\n') == 1 and str(tmp_path / 'out') in printed.err


def test_an_output_that_cannot_be_written_is_told_before_the_model_is_loaded(files, data_root, tmp_path, capsys):
    # The weights file is no weights: what complained of it would have come too late.
    weights = tmp_path / 'none.safetensors'
    weights.write_bytes(b'none')
    annotations, below = data_root / 'annotations.jsonl', f'{files[0]}/x.json'
    folder = tmp_path / 'other'
    folder.mkdir()
    Image.open(files[0]).save(folder / '0_before.png')
    common = ['--checkpoint', str(weights)]
    assert run_file(data_root, weights, '--out', below) == 2
    assert f'{below}: expected a file that can be written as --out, found' in capsys.readouterr().err
    for option in ([], ['--json']):
        assert main(['predict', *files, 'gone', *common, '--out-dir', files[0], *option]) == 2
        assert f'{files[0]}: expected a folder that can be written to as --out-dir' in capsys.readouterr().err
    assert main(['predict', str(data_root), str(folder), *common, '--out-dir', files[0]]) == 2
    assert f'{files[0]}: expected a folder that can be written to as --out-dir' in capsys.readouterr().err
    assert main(['evaluate', str(annotations), str(annotations), '--json', below]) == 2
    assert f'{below}: expected a file that can be written as --json, found' in capsys.readouterr().err


def test_json_answer(stub, weights, files, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(['predict', *files, 'nothing', '--checkpoint', str(weights), '--json']) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer['text'] == 'nothing' and answer['boxes'] == [] and answer['no_change_score'] == 0.8
    assert 'picture' not in answer and not (tmp_path / 'outputs').exists()
    main(['predict', *files, 'nothing', '--checkpoint', str(weights), '--json', '--score-threshold', '0.15'])
    assert json.loads(capsys.readouterr().out)['kinds'] == ['remove']


def test_several_sentences_and_the_exit_code(stub, weights, files, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    common = ['--checkpoint', str(weights), '--json', '--exit-code']
    assert main(['predict', *files, 'nothing', *common]) == 0
    capsys.readouterr()
    assert main(['predict', *files, 'nothing', 'What is gone?', *common]) == 3
    answers = json.loads(capsys.readouterr().out)
    assert [(answer['text'], answer['kinds']) for answer in answers] == [('nothing', []), ('What is gone?', ['remove'])]
    assert main(['predict', *files, *common]) == 3
    assert json.loads(capsys.readouterr().out)['text'] == 'What changed?'


def test_empty_answer_is_said_in_words(stub, weights, files, tmp_path, capsys):
    main(['predict', *files, 'nothing', '--checkpoint', str(weights), '--out-dir', str(tmp_path)])
    assert 'nothing of that kind changed' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'expected BEFORE AFTER'),
        (['a.png'], 'expected BEFORE AFTER'),
        (['a.png', 'b.png'], 'a.png'),
        (['.', 'b.png'], 'a folder as BEFORE and none as AFTER'),
        (['.', '.', '--json'], 'single pair'),
        (['.', '.'], 'no name in both'),
        (['--annotations', 'x.jsonl'], '--data-root and --out'),
        (['--out', 'x.jsonl'], '--out needs --annotations'),
        (['a.png', 'b.png', 'text', '--annotations', 'x.jsonl'], 'found both'),
        (['--annotations', 'x', '--data-root', '.', '--out', 'y', '--json'], 'belong to pictures'),
        (['missing.png', 'missing.png', 'text'], 'missing.png'),
        (['--annotations', 'missing.jsonl', '--data-root', '.', '--out', 'y'], 'missing.jsonl'),
    ],
)
def test_bad_arguments_end_in_one_line_and_code_2(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(['predict', *arguments]) == 2
    errors = capsys.readouterr().err
    assert errors.startswith('difftracker: error: ') and message in errors
    assert errors.count('\n') == 1


@pytest.mark.parametrize(
    'arguments',
    [
        [],
        ['fly'],
        ['predict', '--score-threshold', '1.2'],
        ['predict', '--score-threshold', 'high'],
        ['predict', '--oops'],
    ],
)
def test_parser_errors_are_one_line_too(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    errors = capsys.readouterr().err
    assert errors.startswith('difftracker: error: ') and errors.count('\n') == 1


@pytest.mark.parametrize('size', ['1.5', '0', '-3', 'large', ''])
def test_a_bad_size_is_named_with_its_option(capsys, size):
    with pytest.raises(SystemExit):
        main(['predict', 'a.png', 'b.png', f'--exact-size={size}'])
    reason = f'argument --exact-size: expected a whole number of pixels, at least 1, found {size}'
    assert reason in capsys.readouterr().err


def test_bad_sentence_device_and_weights(stub, weights, files, capsys):
    assert main(['predict', *files, ' ', '--checkpoint', str(weights)]) == 2
    assert 'sentence' in capsys.readouterr().err
    assert main(['predict', *files, 'gone', '--checkpoint', str(weights), '--device', 'toaster']) == 2
    assert 'toaster' in capsys.readouterr().err
    assert main(['predict', *files, 'gone', '--checkpoint', 'missing.safetensors']) == 2
    assert 'missing.safetensors' in capsys.readouterr().err


def test_debug_shows_the_traceback(files, weights):
    with pytest.raises(Exception, match='toaster'):
        main(['predict', *files, 'gone', '--checkpoint', str(weights), '--device', 'toaster', '--debug'])


def test_file_run_writes_one_line_per_query_in_order(stub, weights, data_root, capsys):
    assert run_file(data_root, weights) == 0
    lines = read_lines(data_root)
    expected = [(f'p{n}', query) for n in range(3) for query in ('qb', 'qa')]
    assert [(line['pair_id'], line['query_id']) for line in lines] == expected
    assert lines[0]['scores'] == [0.9] and lines[1]['boxes'] == []
    np.testing.assert_allclose(lines[0]['boxes'], [[12, 8, 24, 20]], atol=0.6)
    assert len(stub.calls) == 3
    streams = capsys.readouterr()
    assert '6 predictions' in streams.out and '3/3' in streams.err


def test_withheld_truth_is_no_fault(stub, weights, data_root):
    record = json.loads((data_root / 'annotations.jsonl').read_text().splitlines()[0])
    del record['changes']
    record['queries'] = [{'query_id': 'q0', 'text': 'gone'}]
    (data_root / 'annotations.jsonl').write_text(json.dumps(record))
    assert run_file(data_root, weights) == 0
    assert [line['query_id'] for line in read_lines(data_root)] == ['q0']


def _not_json(root: Path) -> None:
    path = root / 'annotations.jsonl'
    lines = path.read_text().splitlines()
    path.write_text('\n'.join([lines[0], '{"pair_id": ', lines[2]]))


@pytest.mark.parametrize(
    ('spoil', 'named'),
    [
        (lambda root: (root / '1_after.png').unlink(), '1_after.png'),
        (lambda root: (root / '1_after.png').write_bytes(b''), '1_after.png'),
        (lambda root: (root / '1_before.png').write_bytes(b'GIF89a nonsense'), '1_before.png'),
        (lambda root: edit_line(root, 1, before='../secret.png'), 'annotations.jsonl:2'),
        (lambda root: edit_line(root, 1, pair_id='p0'), 'annotations.jsonl:2'),
        (lambda root: edit_line(root, 1, after_size=[40, 40], changes=[], queries=[]), '40 x 40'),
        (lambda root: edit_line(root, 1, queries=[{'query_id': 'q', 'text': ' '}]), 'annotations.jsonl:2'),
        (_not_json, 'annotations.jsonl:2'),
    ],
)
def test_file_run_goes_on_past_a_bad_pair(stub, weights, data_root, capsys, spoil, named):
    spoil(data_root)
    assert run_file(data_root, weights) == 1
    assert [line['pair_id'] for line in read_lines(data_root)] == ['p0', 'p0', 'p2', 'p2']
    errors = capsys.readouterr().err
    assert '1 of 3 pairs have no predictions' in errors and named in errors
    assert 'Traceback' not in errors


@pytest.mark.parametrize('stated', [True, False])
@pytest.mark.parametrize(
    ('spoil', 'reason'),
    [
        (lambda root: (root / '1_after.png').unlink(), '{root}/1_after.png: expected an image file, found nothing'),
        (
            lambda root: edit_line(root, 1, queries=[{'query_id': 'q', 'text': 'a\ud800b'}]),
            'text: expected Unicode text',
        ),
    ],
)
def test_a_bad_picture_or_sentence_is_listed_with_line_and_pair(
    stub, weights, data_root, capsys, stated, spoil, reason
):
    spoil(data_root)
    file = data_root / 'annotations.jsonl'
    if not stated:
        file.write_text(file.read_text().replace('_size": ', '_size_of_old": '))
    assert run_file(data_root, weights) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f'  {file}:2: {reason.format(root=data_root)}') and line.endswith(' (pair p1)')


def test_pairs_that_ask_nothing_are_counted(stub, weights, data_root, capsys):
    edit_line(data_root, 1, queries=[])
    assert run_file(data_root, weights) == 0
    assert [line['pair_id'] for line in read_lines(data_root)] == ['p0', 'p0', 'p2', 'p2']
    assert '1 of 3 pairs ask nothing and have no predictions' in capsys.readouterr().err
    edit_line(data_root, 1, queries=[{'query_id': 'q', 'text': 'gone'}])
    assert run_file(data_root, weights) == 0
    assert 'ask nothing' not in capsys.readouterr().err


def test_output_is_never_left_in_part(stub, weights, data_root, monkeypatch, capsys):
    def interrupt(data: dict) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stub, 'test_step', interrupt)
    assert run_file(data_root, weights) == 130
    assert list((data_root / 'out').iterdir()) == []


def test_what_was_answered_before_an_interruption_is_kept(stub, weights, data_root, monkeypatch, capsys):
    answer, calls = stub.test_step, []

    def interrupt_the_third(data: dict) -> list:
        calls.append(data)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return answer(data)

    monkeypatch.setattr(stub, 'test_step', interrupt_the_third)
    assert run_file(data_root, weights) == 130
    (partial,) = (data_root / 'out').iterdir()
    assert partial.name == 'predictions.jsonl.partial' and str(partial) in capsys.readouterr().err
    assert [json.loads(line)['pair_id'] for line in partial.read_text().splitlines()] == ['p0', 'p0', 'p1', 'p1']


@pytest.mark.usefixtures('ending_by_default')
def test_what_was_answered_before_a_signal_is_kept_though_no_terminal_is_left(stub, weights, data_root, monkeypatch):
    answer, calls = stub.test_step, []

    def end_the_third(data: dict) -> list:
        calls.append(data)
        if len(calls) == 3:
            monkeypatch.setattr(sys.stderr, 'write', hang_up)
            signal.raise_signal(signal.SIGTERM)
        return answer(data)

    def hang_up(text: str) -> int:
        raise OSError(errno.EIO, 'Input/output error')

    monkeypatch.setattr(stub, 'test_step', end_the_third)
    assert run_file(data_root, weights) == 143
    (partial,) = (data_root / 'out').iterdir()
    assert len(partial.read_text().splitlines()) == 4


@pytest.mark.parametrize('old', [None, 'good predictions'])
@pytest.mark.parametrize('fault', ['root', 'array'])
def test_a_run_without_any_answer_leaves_the_older_predictions(stub, weights, data_root, tmp_path, capsys, fault, old):
    out, annotations, root = tmp_path / 'predictions.jsonl', data_root / 'annotations.jsonl', data_root
    if old:
        out.write_text(old)
    if fault == 'root':
        root = tmp_path
    else:
        annotations.write_text(json.dumps([json.loads(line) for line in annotations.read_text().splitlines()]))
    assert run_file(data_root, weights, '--data-root', str(root), '--out', str(out)) == 2
    errors = capsys.readouterr().err
    assert 'pairs have no predictions:' in errors and ('found list' in errors) == (fault == 'array')
    kept = f'{out} stays as it was' if old else f'{out} was not written'
    assert errors.splitlines()[-1].startswith(f'difftracker: error: {annotations}: ') and errors.endswith(f'{kept}\n')
    assert (out.read_text() if out.exists() else None) == old


@pytest.mark.parametrize('full', ['name', 'folder'])
def test_answers_outlive_a_prediction_file_that_cannot_be_written_after_all(
    stub, weights, data_root, tmp_path, monkeypatch, capsys, full
):
    def refuse(path: Path, data: str) -> Path:
        if path.name == 'predictions.jsonl' or (full == 'folder' and path.parent.name == 'out'):
            raise OSError(errno.ENOSPC, 'No space left on device')
        return atomic_write(path, data)

    monkeypatch.setattr('difftracker.utils.files.atomic_write', refuse)
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path / 'spare'))
    assert run_file(data_root, weights) == 2
    errors = capsys.readouterr().err
    (kept,) = [*(data_root / 'out').iterdir(), *(tmp_path / 'spare').glob('*')]
    assert len(kept.read_text().splitlines()) == 6
    assert f'6 answers of a run that did not end: {kept}' in errors and 'No space left' in errors


def test_sizes_that_are_not_stated_are_read(stub, weights, data_root):
    assert run_file(data_root, weights) == 0
    stated = read_lines(data_root)
    path = data_root / 'annotations.jsonl'
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        del record['before_size'], record['after_size']
    path.write_text(''.join(json.dumps(record) + '\n' for record in records))
    assert run_file(data_root, weights) == 0
    assert read_lines(data_root) == stated


@pytest.mark.parametrize('path', ['../secret.png', 'inner/../../secret.png', '{root}/0_before.png', ' ', 'a\0b.png'])
def test_a_picture_outside_of_the_root_is_not_even_opened(stub, weights, data_root, monkeypatch, capsys, path):
    opened = []
    monkeypatch.setattr(
        'difftracker.apis.predict_file.read_image', lambda path: opened.append(path) or read_image(path)
    )
    Image.open(data_root / '0_before.png').save(data_root.parent / 'secret.png')
    path = path.format(root=data_root)
    edit_line(data_root, 1, before=path)
    file = data_root / 'annotations.jsonl'
    file.write_text(file.read_text().replace('"before_size": [48, 32], ', ''))
    assert run_file(data_root, weights) == 1
    assert opened == [data_root / '0_before.png', data_root / '2_before.png']
    reason = capsys.readouterr().err.splitlines()[-1]
    assert reason.startswith(f"  {file}:2: 'before' must be ") and reason.endswith(f'found {path!r} (pair p1)')


def test_output_may_not_replace_the_annotations(stub, weights, data_root, capsys):
    before = (data_root / 'annotations.jsonl').read_text()
    assert run_file(data_root, weights, '--out', str(data_root / 'annotations.jsonl')) == 2
    assert 'overwrite' in capsys.readouterr().err
    assert (data_root / 'annotations.jsonl').read_text() == before
    assert run_file(data_root, weights, '--out', str(data_root)) == 2


def test_empty_annotation_file_and_missing_root(stub, weights, data_root, capsys):
    assert run_file(data_root, weights, '--data-root', str(data_root / 'nowhere')) == 2
    assert '--data-root' in capsys.readouterr().err
    (data_root / 'annotations.jsonl').write_text('\n')
    assert run_file(data_root, weights) == 2
    assert 'no pair' in capsys.readouterr().err


def test_predictions_can_be_evaluated(stub, weights, data_root, capsys):
    run_file(data_root, weights)
    capsys.readouterr()
    files = [str(data_root / 'annotations.jsonl'), str(data_root / 'out' / 'predictions.jsonl')]
    report = data_root / 'report.json'
    assert main(['evaluate', *files, '--json', str(report)]) == 0
    assert 'Acc@0.5' in capsys.readouterr().out
    assert json.loads(report.read_text())['counts']['scored'] == 6
    assert main(['evaluate', files[0], files[0]]) == 2
    assert capsys.readouterr().err.count('\n') == 1


def test_picture_names_tell_sentences_apart():
    names = {picture_name('a/x.jpg', 'b/y.jpg', text) for text in ('Gone?', '消えた', '増えた', 'w ' * 99, 'w ' * 98)}
    assert len(names) == 5
    assert all(name.startswith('x_y_') and len(name) < 80 and name.isascii() for name in names)


def test_sentences_that_differ_in_punctuation_have_pictures_of_their_own(stub, weights, files, tmp_path, capsys):
    sentences = ['What changed?', 'what changed', 'nothing', 'What changed!', 'What changed 2']
    common = ['--checkpoint', str(weights), '--out-dir', str(tmp_path / 'out')]
    assert main(['predict', *files, *sentences, '--json', *common]) == 0
    answers = json.loads(capsys.readouterr().out)
    expected = ['what-changed', 'what-changed-2', 'nothing', 'what-changed-3', 'what-changed-2-2']
    assert [answer['picture'] for answer in answers] == [
        str(tmp_path / 'out' / f'before_after_{name}.png') for name in expected
    ]
    assert [answer['text'] for answer in answers] == sentences
    assert len(list((tmp_path / 'out').iterdir())) == 5


def test_distinct_names_keep_folders_and_mind_no_capitals():
    taken = set()
    names = ['sub/a_x.png', 'sub/A_x.png', 'a_x.png', 'sub/a_x.png']
    assert [distinct_name(name, taken) for name in names] == [
        'sub/a_x.png', 'sub/A_x-2.png', 'a_x.png', 'sub/a_x-3.png',
    ]  # fmt: skip


@pytest.mark.parametrize('letter', ['a', 'é', '前', '🙂'])
def test_long_names_of_pictures_can_be_written(tmp_path, letter):
    name = picture_name(f'{letter * 60}.png', f'{letter * 60}.png', 'w ' * 99)
    # No character is cut through, none is left out that has room.
    stem = letter * min(60, 88 // len(letter.encode()))
    assert name.startswith(f'{stem}_{stem}_w-w')
    for path in (tmp_path / name, tmp_path / distinct_name(name, {name})):
        assert write_image(path, np.zeros((1, 1, 3), np.uint8)).is_file()


def test_stored_thresholds_are_checked(tmp_path, files, capsys):
    path = random_weights(tmp_path / 'percent.safetensors', score_threshold=50)
    assert main(['predict', *files, 'gone', '--checkpoint', str(path), '--json']) == 2
    assert f'{path}: expected a score_threshold from 0 to 1, found 50' in capsys.readouterr().err
