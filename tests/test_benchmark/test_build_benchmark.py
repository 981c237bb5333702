"""The command: same bytes wherever it is built, faults of a build found, resuming, errors."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from difftracker.benchmark import set_builder
from difftracker.benchmark.checksums import list_files
from difftracker.benchmark.manifest import compare_manifests, read_manifest
from difftracker.datasets.annotations import read_annotations
from tests.test_benchmark.test_instance_file import shuffle
from tools.dataset import build_benchmark, validate

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset' / 'build_benchmark.py'
PAIRS = ('photo-hand-held=24', 'photo-aligned=3', 'nuisance-only=2', 'none=0')


def arguments(pictures: Path, out: Path, *extra: str, file: Path | None = None, pairs: tuple = PAIRS) -> list[str]:
    source = file or pictures / 'instances.json'
    given = ['--coco-annotations', str(source), '--coco-images', str(pictures), '--out', str(out)]
    return [*given, '--preset', 'subset', '--split-by', 'field', '--parts', 'test', '--pairs', *pairs, *extra]


@pytest.fixture(scope='module')
def built(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished build; tests that change something work on a copy."""
    out = tmp_path_factory.mktemp('built') / 'benchmark'
    assert build_benchmark.main(arguments(pictures, out)) == 0
    return out


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / 'copy'))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a build but the plan, by path."""
    files = [path for path in folder.rglob('*') if path.is_file() and path.name != '.plan.json']
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_two_workers_in_another_folder_make_the_same_bytes(built: Path, pictures: Path, tmp_path: Path) -> None:
    other = tmp_path / 'elsewhere'
    shutil.copytree(pictures, other)
    shuffled = other / 'shuffled.json'
    shuffled.write_text(json.dumps(shuffle(json.loads((pictures / 'instances.json').read_text()))))
    command = [sys.executable, str(TOOL), *arguments(other, tmp_path / 'again', '--workers', '2', file=shuffled)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=TOOL.parents[2])
    assert run.returncode == 0, run.stderr
    assert contents(tmp_path / 'again') == contents(built)
    assert len([name for name in contents(built) if name.endswith('.jpg')]) == 2 * 29


def test_a_build_is_a_valid_set_of_its_part(built: Path, pictures: Path) -> None:
    paths = sorted((built / 'test').glob('*/annotations/test.jsonl'))
    assert [path.parts[-3] for path in paths] == ['nuisance-only', 'photo-aligned', 'photo-hand-held']
    assert validate.main([str(path) for path in paths]) == 0
    images = json.loads((pictures / 'instances.json').read_text())['images']
    of_test = {image['file_name'] for image in images if image['split'] == 'test'}
    for path in paths:
        for record in read_annotations(path):
            assert record.extra['picture'] in of_test
            assert (record.extra['part'], record.extra['set']) == ('test', path.parts[-3])
            assert (record.source, record.license) == ('DiffGround-Open 1.0', 'Attribution License')
            assert {query.extra['form'] for query in record.queries} <= {'named', 'category-free'}
    by_set = {path.parts[-3]: read_annotations(path) for path in paths}
    assert {len(record.changes) for record in by_set['photo-aligned']} == {1}
    assert {record.extra['nuisance'] for record in by_set['photo-hand-held']} == {'hand-held'}
    assert {len(record.changes) for record in by_set['nuisance-only']} == {0}


def test_the_sums_are_those_that_sha256sum_reads(built: Path) -> None:
    if shutil.which('sha256sum') is None:
        pytest.skip('no sha256sum on this machine')
    folder = built / 'test' / 'photo-aligned'
    run = subprocess.run(['sha256sum', '--check', '--strict', 'SHA256SUMS'], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.count(': OK') == len(list_files(folder)) == 7


def test_a_good_build_is_found_good(built: Path, capsys: pytest.CaptureFixture) -> None:
    reference = built / 'test' / 'manifest.json'
    assert build_benchmark.main(['--out', str(built), '--verify']) == 0
    assert build_benchmark.main(
        ['--out', str(built), '--verify', '--parts', 'test', '--reference', str(reference)]
    ) == 0  # fmt: skip
    assert capsys.readouterr().out.count('ok') == 2


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


FAULTS = [
    ('none', lambda path: path.write_bytes(path.read_bytes() + b'\0'), 'bytes differ, pixels are the same'),
    ('none', flip, 'differ'),
    ('none', lambda path: path.write_bytes(path.read_bytes()[:100]), 'no picture any more'),
    ('none', lambda path: path.unlink(), 'missing'),
    ('none', lambda path: shutil.copy(path, path.with_name('more.jpg')), r'more.jpg: not in SHA256SUMS'),
    ('annotations/test.jsonl', flip, 'content differs'),
    ('SHA256SUMS', lambda path: path.write_text(path.read_text().replace('a', 'b', 1)), 'not the list'),
    ('PIXELSUMS', lambda path: path.unlink(), 'missing'),
]


@pytest.mark.parametrize(('name', 'breaker', 'told'), FAULTS)
def test_a_fault_is_found(name: str, breaker: object, told: str, copy: Path, capsys: pytest.CaptureFixture) -> None:
    folder = copy / 'test' / 'photo-aligned'
    path = sorted(folder.glob('images/*/*_b.jpg'))[0] if name == 'none' else folder / name
    breaker(path)
    assert build_benchmark.main(['--out', str(copy), '--verify']) == 1
    printed = capsys.readouterr().out
    assert told in printed
    assert (path.name in printed) or 'more.jpg' in printed


def test_another_build_is_told_from_the_reference(copy: Path, capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    manifest = read_manifest(copy / 'test' / 'manifest.json')
    assert compare_manifests(manifest, manifest) == []
    manifest['sets']['photo-aligned']['files_sha256'] = '0' * 64
    manifest['sets']['nuisance-only']['pixels_sha256'] = '0' * 64
    manifest['environment']['opencv'] = '4.0.0'
    reference = tmp_path / 'reference.json'
    reference.write_text(json.dumps(manifest))
    command = ['--out', str(copy), '--verify', '--parts', 'test', '--reference', str(reference)]
    assert build_benchmark.main(command) == 1
    printed = capsys.readouterr().out
    assert 'photo-aligned: files_sha256: bytes of images differ, annotations and pixels are the same' in printed
    assert 'nuisance-only: pixels_sha256: decoded pixels of the images differ' in printed
    assert 'reference 4.0.0' in printed and 'photo-hand-held' not in printed


def test_a_stopped_build_goes_on(built: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / 'stopped'
    make, made = set_builder._make_shard, []

    def stop_at_second(item: tuple) -> int:
        if made:
            raise KeyboardInterrupt
        made.append(item)
        return make(item)

    monkeypatch.setattr(set_builder, '_make_shard', stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        build_benchmark.main(arguments(pictures, out))
    assert not (out / 'test' / 'manifest.json').exists()
    assert not (out / 'test' / 'photo-hand-held' / 'annotations').exists()
    images = sorted(out.rglob('*.jpg'))
    times = {path: path.stat().st_mtime_ns for path in images}
    assert len(times) == 2 * set_builder.SHARD
    monkeypatch.setattr(set_builder, '_make_shard', make)
    assert build_benchmark.main(arguments(pictures, out)) == 0
    assert contents(out) == contents(built)
    assert all(path.stat().st_mtime_ns == time for path, time in times.items())


def test_a_finished_build_is_not_made_again(copy: Path, pictures: Path, capsys: pytest.CaptureFixture) -> None:
    before = contents(copy)
    assert build_benchmark.main(arguments(pictures, copy)) == 0
    assert capsys.readouterr().out.count('made already') == 3
    assert contents(copy) == before


def test_two_builds_are_not_mixed(copy: Path, pictures: Path, capsys: pytest.CaptureFixture) -> None:
    before = contents(copy)
    assert build_benchmark.main(arguments(pictures, copy, pairs=('none=1',))) == 1
    assert 'other pairs, recipes; choose another --out' in capsys.readouterr().err
    assert contents(copy) == before


def test_the_full_preset_takes_whole_releases_only(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    definition = json.loads((build_benchmark.CONFIGS / 'diffground_open.json').read_text())
    definition['releases'] = {'val2017': 6}
    definition['pairs']['full'].update({part: {'photo-aligned': 2} for part in ('val', 'test')})
    (tmp_path / 'definition.json').write_text(json.dumps(definition))
    data = json.loads((pictures / 'instances.json').read_text())
    for image in data['images']:
        image['coco_url'] = 'http://images.cocodataset.org/val2017/1.jpg'
    file = tmp_path / 'instances.json'
    given = ['--coco-annotations', str(file), '--coco-images', str(pictures), '--out', str(tmp_path / 'out')]
    given += ['--definition', str(tmp_path / 'definition.json')]
    file.write_text(json.dumps({**data, 'images': data['images'][:5]}))
    assert build_benchmark.main(given) == 1
    assert 'preset full expects 6 pictures of val2017, found 5 of val2017' in capsys.readouterr().err
    file.write_text(json.dumps(data))
    assert build_benchmark.main(given) == 0
    manifests = [read_manifest(tmp_path / 'out' / part / 'manifest.json') for part in ('val', 'test')]
    assert [(one['preset'], one['split_by'], one['part']) for one in manifests] == [
        ('full', 'release', 'val'), ('full', 'release', 'test'),
    ]  # fmt: skip
    assert sum(one['inputs']['pictures'] for one in manifests) == 6
    assert not (tmp_path / 'out' / 'train').exists()


def test_a_missing_picture_is_named_before_anything_is_made(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    some = tmp_path / 'some'
    shutil.copytree(pictures, some)
    (some / '000000000005.bmp').unlink()
    assert build_benchmark.main(arguments(some, tmp_path / 'out')) == 1
    assert '000000000005.bmp' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_a_damaged_picture_ends_several_workers_too(pictures: Path, tmp_path: Path) -> None:
    some = tmp_path / 'some'
    shutil.copytree(pictures, some)
    for name in ('000000000002.bmp', '000000000005.bmp'):
        (some / name).write_bytes((some / name).read_bytes()[:1000])
    command = [sys.executable, str(TOOL), *arguments(some, tmp_path / 'out', '--workers', '2')]
    run = subprocess.run(command, capture_output=True, text=True, cwd=TOOL.parents[2])
    assert run.returncode == 1
    assert 'build_benchmark: photo-hand-held, pairs ' in run.stderr and '.bmp' in run.stderr
    assert 'Traceback' not in run.stderr
    assert not (tmp_path / 'out' / 'test' / 'manifest.json').exists()


@pytest.mark.parametrize(
    ('extra', 'named'),
    [
        (['--preset', 'full', '--parts', 'test'], 'preset full expects 118287 pictures of train2017 or 5000'),
        (['--preset', 'subset', '--split-by', 'release'], 'coco_url'),
        (['--preset', 'subset', '--split-by', 'field', '--parts', 'train', '--pairs', 'photo=x'], "found 'photo=x'"),
        (['--preset', 'subset', '--split-by', 'field', '--pairs', 'boards=3'], "found 'boards=3'"),
        (['--preset', 'subset', '--split-by', 'field', '--parts', 'train', '--pairs', 'photo=0'], 'at least one pair'),
    ],
)
def test_wrong_files_and_sets_are_told(
    extra: list[str], named: str, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    file = tmp_path / 'instances.json'
    data = json.loads((pictures / 'instances.json').read_text())
    if 'full' in extra:
        for image in data['images']:
            image['coco_url'] = 'http://images.cocodataset.org/val2017/1.jpg'
    file.write_text(json.dumps(data))
    given = ['--coco-annotations', str(file), '--coco-images', str(pictures), '--out', str(tmp_path / 'out')]
    assert build_benchmark.main([*given, *extra]) == 1
    assert named in capsys.readouterr().err


def test_a_part_without_pictures_is_told(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    data = json.loads((pictures / 'instances.json').read_text())
    for image in data['images']:
        image['split'] = 'train'
    file = tmp_path / 'instances.json'
    file.write_text(json.dumps(data))
    assert build_benchmark.main(arguments(pictures, tmp_path / 'out', file=file)) == 1
    assert 'expected pictures of the part test under the split rule field, found 6 of train' in capsys.readouterr().err


@pytest.mark.parametrize(
    'command',
    [
        ['--verify'],
        ['--out', 'x'],
        ['--out', 'x', '--coco-annotations', 'a', '--coco-images', 'b', '--preset', 'subset'],
        ['--out', 'x', '--coco-annotations', 'a', '--coco-images', 'b', '--split-by', 'hash'],
        ['--out', 'x', '--coco-annotations', 'a', '--coco-images', 'b', '--workers', '0'],
        ['--out', 'x', '--verify', '--reference', 'm.json'],
    ],
)
def test_arguments_that_do_not_fit_together(command: list[str], capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as error:
        build_benchmark.main(command)
    assert error.value.code == 2 and 'expect' in capsys.readouterr().err


def test_verify_without_a_build(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert build_benchmark.main(['--out', str(tmp_path), '--verify']) == 1
    assert 'expected a finished build' in capsys.readouterr().err
