"""Nothing in the tree turns data into code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each runs, or can be made to run, what a file says.
FORBIDDEN_CALLS = {
    'eval',
    'exec',
    'yaml.load',
    'yaml.unsafe_load',
    'yaml.full_load',
    'pickle.load',
    'pickle.loads',
    'pickle.Unpickler',
    'cloudpickle.load',
    'joblib.load',
    'dill.load',
    'marshal.load',
    'shelve.open',
    'os.system',
    'torch.hub.load',
}
FORBIDDEN_ARGUMENTS = {('weights_only', False), ('allow_pickle', True), ('shell', True), ('trust_remote_code', True)}


def sources() -> list[Path]:
    """Every Python file that is shipped or run by users; tests hold hostile files on purpose."""
    folders = [ROOT / name for name in ('difftracker', 'tools', 'demo', 'configs')]
    return [ROOT / 'setup.py', *(path for folder in folders for path in sorted(folder.rglob('*.py')))]


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f'{owner}.{node.attr}' if owner else ''
    return ''


def faults(source: str) -> Iterator[str]:
    """Names the forbidden calls of a source, with their lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if f'{node.module}.{alias.name}' in FORBIDDEN_CALLS:
                    yield f'{node.lineno}: from {node.module} import {alias.name}'
        if not isinstance(node, ast.Call):
            continue
        name = dotted(node.func)
        if name in FORBIDDEN_CALLS:
            yield f'{node.lineno}: {name}()'
        given = {word.arg: word.value.value for word in node.keywords if isinstance(word.value, ast.Constant)}
        for argument, value in FORBIDDEN_ARGUMENTS:
            if given.get(argument) is value:
                yield f'{node.lineno}: {argument}={value}'
        if name == 'torch.load' and 'weights_only' not in given:
            yield f'{node.lineno}: torch.load without weights_only'


def test_nothing_turns_data_into_code() -> None:
    found = [f'{path.relative_to(ROOT)}:{fault}' for path in sources() for fault in faults(path.read_text('utf-8'))]
    assert found == []


@pytest.mark.parametrize(
    'source',
    [
        'eval("1")',
        'import yaml\nyaml.load(f)',
        'from pickle import loads',
        'torch.load(f)',
        'torch.load(f, weights_only=False)',
        'np.load(f, allow_pickle=True)',
        'subprocess.run("ls", shell=True)',
    ],
)
def test_the_check_finds(source: str) -> None:
    assert list(faults(source))


@pytest.mark.parametrize('source', ['model.eval()', 'torch.load(f, weights_only=True)', 'yaml.safe_load(f)'])
def test_the_check_lets_pass(source: str) -> None:
    assert not list(faults(source))
