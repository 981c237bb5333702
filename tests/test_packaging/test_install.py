"""What an installation holds and asks for."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import difftracker

ROOT = Path(__file__).parents[2]
# Asked for by pinned packages and left out on purpose; requirements.txt says why.
LEFT_OUT = {'opencv-python', 'sentence-transformers'}


def pins(python: str) -> dict[str, str]:
    """Name and version of each line of requirements.txt that counts for a Python version."""
    found: dict[str, str] = {}
    for line in (ROOT / 'requirements.txt').read_text().splitlines():
        text = line.split('#')[0].strip()
        if not text:
            continue
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate({'python_version': python}):
            continue
        name, specifiers = canonicalize_name(requirement.name), list(requirement.specifier)
        assert name not in found, f'{name} is pinned twice for Python {python}'
        assert len(specifiers) == 1 and specifiers[0].operator == '==', f'{line}: expected one =='
        found[name] = specifiers[0].version
    return found


@pytest.fixture(scope='module')
def metadata(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The package's metadata, made by setup.py from this tree: `Requires-Dist` and others to their values."""
    folder = tmp_path_factory.mktemp('egg')
    subprocess.run(
        [sys.executable, 'setup.py', '-q', 'egg_info', '--egg-base', str(folder)],
        cwd=ROOT,
        env={**os.environ, 'DIFFTRACKER_BUILD_OPS': '0'},
        check=True,
        capture_output=True,
    )
    message = importlib.metadata.PathDistribution(folder / 'difftracker.egg-info').metadata
    values = {key: message.get_all(key) for key in set(message)}
    requires = (folder / 'difftracker.egg-info' / 'requires.txt').read_text()
    values['base'] = [line for line in requires.split('\n[')[0].splitlines() if line]
    values['extras'] = re.findall(r'^\[(\w+)\]$', requires, flags=re.MULTILINE)
    values['scripts'] = (folder / 'difftracker.egg-info' / 'entry_points.txt').read_text().splitlines()
    values['files'] = (folder / 'difftracker.egg-info' / 'SOURCES.txt').read_text().splitlines()
    return values


def test_the_version_is_stated_once(metadata: dict[str, list[str]]) -> None:
    assert metadata['Version'] == [difftracker.__version__]


def test_python_versions_and_extras(metadata: dict[str, list[str]]) -> None:
    allowed = SpecifierSet(metadata['Requires-Python'][0])
    assert [minor for minor in range(8, 15) if f'3.{minor}.5' in allowed] == [10, 11, 12]
    assert sorted(metadata['extras']) == ['dev']


def test_the_command_is_installed(metadata: dict[str, list[str]]) -> None:
    assert 'difftracker = difftracker.apis.cli:main' in metadata['scripts']
    from difftracker.apis.cli import main

    assert callable(main)


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / 'difftracker').rglob('*.py')}
    assert sorted(str(folder) for folder in folders if not (folder / '__init__.py').is_file()) == []


def test_weights_and_licence_are_shipped(metadata: dict[str, list[str]]) -> None:
    weights = {f'difftracker/checkpoint/weights/{path.name}' for path in difftracker_weights()}
    assert weights <= set(metadata['files'])
    assert 'LICENSE' in metadata['files']


def difftracker_weights() -> list[Path]:
    """The shipped weights files of this tree."""
    return sorted((ROOT / 'difftracker' / 'checkpoint' / 'weights').glob('*.safetensors'))


@pytest.mark.parametrize('python', ['3.10', '3.11', '3.12'])
def test_pins_satisfy_what_the_package_asks_for(metadata: dict[str, list[str]], python: str) -> None:
    pinned = pins(python)
    for text in metadata['base']:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        if name not in LEFT_OUT:
            assert pinned[name] in requirement.specifier, text


@pytest.mark.parametrize('python', ['3.10', '3.11', '3.12'])
def test_no_torchvision_and_one_opencv(python: str) -> None:
    names = pins(python)
    assert 'torchvision' not in names and 'mmcv' not in names
    assert [name for name in names if name.startswith('opencv')] == ['opencv-python-headless']


def test_the_pins_are_closed() -> None:
    pinned = pins(f'3.{sys.version_info.minor}')
    missing = set()
    for name in pinned:
        try:
            requires = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            pytest.skip(f'{name} is not installed')
        for text in requires:
            requirement = Requirement(text)
            wanted = requirement.marker is None or requirement.marker.evaluate({'extra': ''})
            needed = canonicalize_name(requirement.name)
            # torch brings its CUDA libraries itself, whichever the machine needs.
            if wanted and name != 'torch' and needed not in pinned:
                missing.add(needed)
    assert missing <= LEFT_OUT


@pytest.mark.parametrize('mode', ['yes', ''])
def test_a_wrong_build_mode_is_refused(mode: str) -> None:
    done = subprocess.run(
        [sys.executable, 'setup.py', '--version'],
        cwd=ROOT,
        env={**os.environ, 'DIFFTRACKER_BUILD_OPS': mode},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0 and 'DIFFTRACKER_BUILD_OPS: expected' in done.stderr


def test_metadata_needs_no_torch() -> None:
    # Where nothing is installed yet, setup.py must still say what to install.
    script = (
        'import runpy, sys\n'
        "sys.modules['torch'] = None\n"
        "sys.argv = ['setup.py', '--version']\n"
        "runpy.run_path('setup.py', run_name='__main__')"
    )
    done = subprocess.run([sys.executable, '-c', script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == difftracker.__version__
