"""The steps of `tools/gpu/run_ops.py` end in an outcome, whatever happens to their commands."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

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
    return tool.run(tool.Step('Step', [sys.executable, '-c', code], {'WORD': 'heard'}), limit)


def test_output_and_environment_are_kept(tool):
    outcome = outcome_of(tool, 'import os; print(os.environ["WORD"])')
    assert (outcome.status, outcome.output) == (0, 'heard\n')
    assert '## Step: passed' in tool.section(outcome)


def test_failure_is_reported(tool):
    outcome = outcome_of(tool, 'raise SystemExit(4)')
    assert '## Step: FAILED with status 4' in tool.section(outcome)


def test_missing_program_is_not_a_failure(tool):
    outcome = tool.run(tool.Step('Step', ['no-such-program'], {}), 1)
    assert outcome.status is None
    assert 'no-such-program is not installed' in tool.section(outcome)


def test_time_limit(tool):
    assert outcome_of(tool, 'import time; time.sleep(60)', 0.2).status == 124


def test_report_ends_with_the_last_lines(tool):
    text = tool.section(outcome_of(tool, 'print(*range(1000), sep="\\n")'))
    assert '\n999\n' in text
    assert '\n5\n' not in text
