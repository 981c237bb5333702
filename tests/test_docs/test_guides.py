"""The guides tell the truth: marked blocks run, options and files exist, links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from difftracker.checkpoint.zoo import WEIGHTS_DIR
from tests.test_docs.guide import GUIDES, ROOT, CodeBlock, code_blocks

BLOCKS = [block for guide in GUIDES for block in code_blocks(guide)]
RUNNABLE = [block for block in BLOCKS if block.runs]
WEIGHTS = WEIGHTS_DIR / 'difftracker-lite.safetensors'
# Drawn by the demo from the shipped weights, so it comes with them.
PENDING = set() if WEIGHTS.is_file() else {'docs/images/answer.png'}
COMMAND = re.compile(r'python (?P<script>(?:tools|demo)/[\w/]+\.py)|(?P<command>difftracker) (?:predict|evaluate)\b')


@pytest.fixture(scope='module')
def workspaces(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Path]:
    """A folder per guide that looks like a checkout and takes what the guide's blocks write."""
    folders = {}
    for guide in GUIDES:
        folders[guide] = tmp_path_factory.mktemp(guide.stem.lower())
        for name in ('configs', 'demo', 'tools', 'docs', 'README.md'):
            (folders[guide] / name).symlink_to(ROOT / name)
    return folders


@pytest.mark.parametrize('block', RUNNABLE, ids=[block.name for block in RUNNABLE])
def test_block_runs(block: CodeBlock, workspaces: dict[Path, Path]) -> None:
    if block.needs_weights and not WEIGHTS.is_file():
        pytest.skip(f'{WEIGHTS.name} is not in this checkout')
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ['PATH']])
    environment = {**os.environ, 'PATH': path, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    program = {'python': [sys.executable, '-'], 'bash': ['bash', '-euo', 'pipefail', '-s']}[block.language]
    done = subprocess.run(
        program, input=block.code, cwd=workspaces[block.guide], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f'{block.name}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}'


def test_most_guides_have_blocks_that_run() -> None:
    assert len({block.guide for block in RUNNABLE}) >= 6


@pytest.mark.parametrize('guide', GUIDES, ids=lambda guide: guide.name)
def test_python_blocks_are_python(guide: Path) -> None:
    for block in code_blocks(guide):
        if block.language == 'python':
            compile(block.code, block.name, 'exec')


def commands(block: CodeBlock) -> list[tuple[str, str]]:
    """Returns the tools that a shell block calls, each with its whole command line, variables filled in."""
    text = block.code.replace('\\\n', ' ')
    for name, value in re.findall(r'^(\w+)="(.*)"$', text, flags=re.MULTILINE):
        text = text.replace(f'${name}', value)
    found = []
    for line in text.splitlines():
        match = COMMAND.search(line)
        if match:
            found.append((match['script'] or 'difftracker/apis/cli.py', line[match.end() :]))
    return found


SHELL = [block for block in BLOCKS if block.language == 'bash' and commands(block)]


@pytest.mark.parametrize('block', SHELL, ids=[block.name for block in SHELL])
def test_options_of_commands_exist(block: CodeBlock) -> None:
    for script, arguments in commands(block):
        source = (ROOT / script).read_text(encoding='utf-8')
        for option in re.findall(r'(?<!\S)(--[a-z-]+)', arguments):
            assert f"'{option}'" in source, f'{script} has no {option}'


@pytest.mark.parametrize('guide', GUIDES, ids=lambda guide: guide.name)
def test_files_that_are_named_exist(guide: Path) -> None:
    text = guide.read_text(encoding='utf-8')
    named = re.findall(r'(?<![\w/.])((?:tools|configs|demo|tests)/[\w/.-]+\.(?:py|jsonl?|md|jpg|png))\b', text)
    missing = [name for name in named if not (ROOT / name).is_file()]
    assert missing == []


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')


@pytest.mark.parametrize('guide', GUIDES, ids=lambda guide: guide.name)
def test_links_lead_somewhere(guide: Path) -> None:
    text = re.sub(r'```.*?```', '', guide.read_text(encoding='utf-8'), flags=re.DOTALL)
    for target in re.findall(r'\]\(([^)\s]+)\)', text):
        if re.match(r'https?://', target):
            continue
        path, _, anchor = target.partition('#')
        file = (guide.parent / path).resolve() if path else guide
        if str(file.relative_to(ROOT)) in PENDING:
            continue
        assert file.exists(), target
        if anchor:
            headings = re.findall(r'^#+ (.*)$', file.read_text(encoding='utf-8'), flags=re.MULTILINE)
            assert anchor in {slug(heading) for heading in headings}, target


def test_settings_that_are_named_belong_to_the_model() -> None:
    from mmengine.config import Config

    path = ROOT / 'configs' / 'difftracker' / 'difftracker-lite_cpu_mixture.py'
    settings = Config.fromfile(path, import_custom_modules=False).to_dict()
    pattern = re.compile(r'\b((?:model|optim_wrapper|train_dataloader|val_dataloader)(?:\.\w+)+)=')
    names = {name for guide in GUIDES for name in pattern.findall(guide.read_text(encoding='utf-8'))}
    assert len(names) > 6
    for name in names:
        # The last part may be an argument that the config leaves at its default.
        place = settings
        for part in name.split('.')[:-1]:
            assert part in place, name
            place = place[part]
