"""The stand-in for mmcv's compiled part, tried on a made-up mmcv in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import difftracker.registry  # noqa: F401  # prepares the process

ROOT = Path(__file__).parents[2]
SCRIPT = """
import importlib, importlib.util, sys
from difftracker.utils.missing_ext_finder import MissingExtFinder
sys.meta_path.append(MissingExtFinder())
assert importlib.util.find_spec('mmcv._ext') is not None
extension = importlib.import_module('mmcv._ext')
print(extension.__spec__.origin)
assert hasattr(extension, 'nms') and not hasattr(extension, '__wrapped__')
try:
    print(extension.nms(2))
except NotImplementedError as error:
    print(error)
assert importlib.util.find_spec('mmcv._other') is None
"""


def run_with_mmcv(folder: Path, extension: str | None) -> list[str]:
    """Runs SCRIPT with a made-up mmcv in `folder`, whose `_ext` has the source `extension`; returns the lines."""
    package = folder / 'mmcv'
    package.mkdir()
    (package / '__init__.py').write_text('')
    if extension is not None:
        (package / '_ext.py').write_text(extension)
    path = {'PYTHONPATH': f'{folder}:{ROOT}'}
    done = subprocess.run([sys.executable, '-c', SCRIPT], env=path, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_without_an_extension_operators_exist_and_fail_when_called(tmp_path: Path) -> None:
    origin, message = run_with_mmcv(tmp_path, None)
    assert origin == 'difftracker stand-in'
    assert message.startswith("mmcv operator 'nms': expected mmcv with its compiled extension")


def test_a_real_extension_is_used_unharmed(tmp_path: Path) -> None:
    origin, answer = run_with_mmcv(tmp_path, 'def nms(value):\n    return value + 1\n')
    assert origin == str(tmp_path / 'mmcv' / '_ext.py')
    assert answer == '3'


def test_the_installed_mmcv_loads() -> None:
    import mmcv._ext
    import mmcv.ops
    import torch

    if mmcv._ext.__spec__.origin != 'difftracker stand-in':
        pytest.skip('mmcv is installed with its extension')
    with pytest.raises(NotImplementedError, match="mmcv operator 'nms'"):
        mmcv.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
