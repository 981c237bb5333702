"""The steps of `tools/gpu/run_ops.py` end in an outcome, whatever happens to their commands."""

from __future__ import annotations

import importlib.util
import sys
import zipfile
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


def test_time_limit_ends_what_the_step_started_too(tool):
    """As a sanitizer starts the program that it watches: that one would go on and hold the output open."""
    code = 'import subprocess; print("begun", flush=True); subprocess.run(["sleep", "300"])'
    outcome = outcome_of(tool, code, 3)
    assert outcome.status == 124
    assert outcome.seconds < 200
    assert 'stopped after 3 s' in outcome.output


def test_no_time_left(tool):
    outcome = outcome_of(tool, 'print("not run")', 0)
    assert (outcome.status, outcome.output) == (124, 'no time was left for it')


def test_measurements_are_kept_whole_and_never_those_of_an_earlier_run(tool, tmp_path):
    result = tmp_path / 'table.md'
    table = '\n'.join(f'| set {i} | {i} |' for i in range(300))
    code = f'import pathlib; pathlib.Path({str(result)!r}).write_text({table!r})'
    step = tool.Step('speed', 'Speed', [sys.executable, '-c', code], result=result)
    assert table in tool.section(tool.run(step, 30))
    failing = tool.Step('speed', 'Speed', [sys.executable, '-c', 'raise SystemExit(1)'], result=result)
    assert 'set 1' not in tool.section(tool.run(failing, 30))


def test_whole_run_without_steps_left(tool, tmp_path, monkeypatch):
    """The command line: a report is there whatever happens, and the exit status tells."""
    steps = [tool.Step('machine', 'Works', ['true']), tool.Step('speed', 'Fails', ['false'])]
    monkeypatch.setattr(tool, 'plan', lambda *args: steps)
    report = tmp_path / 'outputs' / 'report.md'
    monkeypatch.setattr(sys, 'argv', ['run_ops.py', '--report', str(report), '--minutes', '1'])
    assert tool.main() == 1
    text = report.read_text()
    assert '- Works: passed' in text and '- Fails: FAILED with status 1' in text


def test_packages_carried_along_can_be_imported(tool, tmp_path, monkeypatch):
    """A wheel, a folder, and the wheel that only gives sources."""
    (tmp_path / 'folder_package.py').write_text('')
    with zipfile.ZipFile(tmp_path / 'carried_package-1.0-py3-none-any.whl', 'w') as wheel:
        wheel.writestr('carried_package.py', '')
        wheel.writestr(
            'carried_package-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\nName: carried-package\nVersion: 1.0\n'
        )
        wheel.writestr(
            'carried_package-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
        )
        wheel.writestr('carried_package-1.0.dist-info/RECORD', '')
    (tmp_path / 'transformers-4.48.3-py3-none-any.whl').write_bytes(b'no zip: would fail to install')
    code = 'import carried_package, folder_package'
    step = tool.Step('check', 'Import', [sys.executable, '-c', code])
    monkeypatch.setattr(tool, 'plan', lambda out, parts, quick, minutes, original: [step] if original else [])
    report = tmp_path / 'report.md'
    monkeypatch.setattr(sys, 'argv', ['run_ops.py', '--report', str(report), '--carried', str(tmp_path)])
    assert tool.main() == 0, report.read_text()
    assert '- Packages carried along: passed' in report.read_text()


def test_report_ends_with_the_last_lines(tool):
    text = tool.section(outcome_of(tool, 'print(*range(1000), sep="\\n")'))
    assert '\n999\n' in text
    assert '\n5\n' not in text


def test_parts_choose_steps_and_every_program_of_ours_is_there(tool, tmp_path):
    everything = tool.plan(tmp_path, tool.PARTS, original=tmp_path)
    assert [step.part for step in everything] == sorted((step.part for step in everything), key=list(tool.PARTS).index)
    assert {step.part for step in tool.plan(tmp_path, ['build', 'speed'])} == {'build', 'speed'}
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
        (step,) = tool.plan(tmp_path, ['speed'], quick, 9.5, tmp_path)
        monkeypatch.setattr(sys, 'argv', step.command[1:])
        arguments = benchmark_ops.parse_arguments()
        assert arguments.device == 'cuda' and arguments.dtypes == ['float32', 'float16', 'bfloat16']
        assert arguments.original == tmp_path
        # All shape sets in all types, in well under the time of the whole run.
        assert arguments.budget * 36 < 5 * 60


def test_without_kernels_the_run_fails(tool, monkeypatch):
    """Tests skip where there is no GPU, so another step must tell."""
    if backend_info()['cuda']['tier'] == 'compiled':
        pytest.skip('the kernels are here')
    (step,) = tool.plan(tool.ROOT, ['check'])
    assert tool.run(step, 120).status != 0
