"""The Makefile and the check that runs before a change is taken, without installing anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from difftracker.ops.build import LIBRARY_NAME, RECORD_NAME

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which('make') is None, reason='make is not installed')


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs make in a copy of the project that has only the files that it reads."""
    for name in ('Makefile', 'requirements.txt', 'setup.py', 'pyproject.toml'):
        shutil.copy2(ROOT / name, folder)
    clean = {name: value for name, value in os.environ.items() if not name.startswith('MAKE')}
    return subprocess.run(['make', *arguments], cwd=folder, env=clean, capture_output=True, text=True)


def script(path: Path, text: str) -> Path:
    """Writes an executable shell script."""
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)
    return path


@pytest.mark.parametrize('target', ['demo', 'test', 'lint', 'ops'])
def test_every_target_sets_up_first_and_only_once(tmp_path: Path, target: str) -> None:
    fresh = make(tmp_path, '-n', target).stdout
    assert 'install' in fresh and '--editable .' in fresh
    (tmp_path / '.venv' / 'bin').mkdir(parents=True)
    (tmp_path / '.venv' / 'bin' / 'python').touch()
    (tmp_path / '.venv' / '.setup-done').touch()
    assert 'install' not in make(tmp_path, '-n', target).stdout


def test_changed_pins_set_up_again(tmp_path: Path) -> None:
    make(tmp_path, '-n', 'test')
    (tmp_path / '.venv' / 'bin').mkdir(parents=True)
    (tmp_path / '.venv' / 'bin' / 'python').touch()
    (tmp_path / '.venv' / '.setup-done').touch()
    os.utime(tmp_path / '.venv' / '.setup-done', (1, 1))
    assert 'install' in make(tmp_path, '-n', 'test').stdout


def test_a_python_of_another_version_is_refused(tmp_path: Path) -> None:
    other = script(
        tmp_path / 'python3.99',
        f'exec {sys.executable} -c "import sys; sys.version_info = (3, 99, 0); exec(sys.argv[1])" "$2"',
    )
    done = make(tmp_path, 'setup', f'PYTHON={other}')
    assert done.returncode != 0 and 'expected Python 3.10, 3.11 or 3.12, found 3.99' in done.stderr
    assert not (tmp_path / '.venv').exists()


def test_a_failed_download_leaves_set_up_to_be_continued(tmp_path: Path) -> None:
    (tmp_path / '.venv' / 'bin').mkdir(parents=True)
    log = tmp_path / 'log'
    python = tmp_path / '.venv' / 'bin' / 'python'
    script(python, f'echo "$@" >> {log}; case "$*" in *--no-deps*) exit 1;; esac')
    assert make(tmp_path, 'setup').returncode != 0
    assert not (tmp_path / '.venv' / '.setup-done').exists()
    script(python, f'echo "$@" >> {log}')
    assert make(tmp_path, 'setup').returncode == 0
    assert (tmp_path / '.venv' / '.setup-done').exists()
    lines = log.read_text().splitlines()
    assert 'torch==2.13.0 --constraint requirements.txt' in lines[-3]
    assert '--no-deps --only-binary=:all: --requirement requirements.txt' in lines[-2]
    assert not any('torchvision' in line for line in lines)


def test_clean_removes_what_make_made_and_nothing_else(tmp_path: Path) -> None:
    ops = 'difftracker/ops'
    made = ['.venv/bin/python', 'outputs/demo/a.png', f'{ops}/{LIBRARY_NAME}', f'{ops}/{RECORD_NAME}']
    kept = ['outputs/ablations/table.md', f'{ops}/build.py', 'dist/difftracker.whl', 'build/notes.txt']
    for name in (*made, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert make(tmp_path, 'clean').returncode == 0
    assert [name for name in (*made, *kept) if (tmp_path / name).exists()] == kept


@pytest.mark.parametrize('failing', ['', 'test', 'lint', 'demo'])
def test_the_check_stops_at_the_first_failure(tmp_path: Path, failing: str) -> None:
    log = tmp_path / 'log'
    script(tmp_path / 'make', f'echo "$1 CI=$CI" >> {log}; [ "$1" != "{failing}" ]')
    path = f'{tmp_path}:{os.environ["PATH"]}'
    done = subprocess.run(['bash', str(ROOT / '.ci' / 'run')], cwd='/', env={'PATH': path}, capture_output=True)
    steps = ['test', 'lint', 'demo']
    expected = steps[: steps.index(failing) + 1] if failing else steps
    assert log.read_text().splitlines() == [f'{step} CI=true' for step in expected]
    assert (done.returncode == 0) is (not failing)
