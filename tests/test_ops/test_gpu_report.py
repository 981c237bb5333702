"""The steps of `tools/gpu/run_ops.py` end in an outcome, whatever happens to their commands."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from difftracker.ops import backend_info

PATH = Path(__file__).parents[2] / 'tools' / 'gpu' / 'run_ops.py'


@pytest.fixture(scope='module')
def tool():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location('run_ops', PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def outcome_of(tool, code: str, limit: float = 30):
    return tool.run(tool.Step('part', 'Step', [sys.executable, '-c', code], {'WORD': 'heard'}), limit)


def test_output_and_environment_are_kept(tool):
    outcome = outcome_of(tool, 'import os; print(os.environ["WORD"])')
    assert (outcome.status, outcome.output) == (0, 'heard\n')
    assert '## Step: passed' in tool.section(outcome)


def test_failure_is_reported(tool):
    outcome = outcome_of(tool, 'raise SystemExit(4)')
    assert '## Step: FAILED with status 4' in tool.section(outcome)


def test_missing_program_is_not_a_failure(tool):
    outcome = tool.run(tool.Step('part', 'Step', ['no-such-program'], {}), 1)
    assert outcome.status is None
    assert 'no-such-program is not installed' in tool.section(outcome)


def test_time_limit(tool):
    assert outcome_of(tool, 'import time; time.sleep(60)', 0.2).status == 124


def test_report_ends_with_the_last_lines(tool):
    text = tool.section(outcome_of(tool, 'print(*range(1000), sep="\\n")'))
    assert '\n999\n' in text
    assert '\n5\n' not in text


def test_parts_choose_steps_and_every_program_of_ours_is_there(tool, tmp_path):
    everything = tool.plan(tmp_path, tool.PARTS, False)
    assert [step.part for step in everything] == sorted((step.part for step in everything), key=tool.PARTS.index)
    assert {step.part for step in tool.plan(tmp_path, ['build', 'speed'], False)} == {'build', 'speed'}
    scripts = [
        word for step in everything for word in step.command if word.endswith('.py') or word.startswith('tests/')
    ]
    assert scripts and all((tool.ROOT / script).exists() for script in scripts)


def test_kernels_of_others_stay_on_the_path(tool, monkeypatch):
    monkeypatch.setenv('PYTHONPATH', '/elsewhere')
    outcome = outcome_of(tool, 'import os; print(os.environ["PYTHONPATH"])')
    assert outcome.output.strip().split(':') == [str(tool.ROOT), '/elsewhere']


def test_speed_step_is_a_command_that_the_benchmark_takes(tool, tmp_path, monkeypatch):
    """The step can run on a GPU only, but its words must be understood."""
    from tools import benchmark_ops

    for quick in (False, True):
        (step,) = tool.plan(tmp_path, ['speed'], quick)
        monkeypatch.setattr(sys, 'argv', step.command[1:])
        arguments = benchmark_ops.parse_arguments()
        assert arguments.device == 'cuda' and arguments.dtypes == ['float32', 'float16', 'bfloat16']


def test_without_kernels_the_run_fails(tool, monkeypatch):
    """Tests skip where there is no GPU, so another step must tell."""
    if backend_info()['cuda']['tier'] == 'compiled':
        pytest.skip('the kernels are here')
    (step,) = [step for step in tool.plan(tool.ROOT, ['build'], False) if step.title == 'Back ends']
    assert tool.run(step, 120).status != 0
