"""A run of an ablation: its seed, and what is done again after a stop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from difftracker.analysis.ablation_run import AblationRun
from difftracker.errors import ConfigError, RunError
from tests.test_analysis.ablation_runs import write_config, write_report


@pytest.fixture()
def config(tmp_path):
    return write_config(tmp_path / 'configs', 'no-x')


class Tools:
    """Stands in for the tools: notes what was called, leaves the files that they would leave."""

    def __init__(self, fail_at=None):
        self.calls = []
        self.fail_at = fail_at

    def __call__(self, command, log):
        name = command[0]
        if name == 'train.py':
            folder = Path(command[command.index('--work-dir') + 1])
            folder.mkdir(parents=True, exist_ok=True)
            (folder / 'epoch_1.pth').touch()
        else:
            folder = Path(command[command.index('--out-dir') + 1])
            name = folder.name
        self.calls.append(name)
        if name == self.fail_at:
            raise RunError(f'{log}: {name} failed')
        if name == 'train.py':
            (folder / 'epoch_2.pth').touch()
            (folder / 'last_checkpoint').write_text(str(folder / 'epoch_2.pth'))
        else:
            write_report(folder / 'report.json', 0.5, 0.5)


def test_the_seed_reaches_all_that_draws(config, tmp_path):
    run = AblationRun.from_config(config, 3, tmp_path / 'work')
    assert run.config['seed'] == run.config['randomness']['seed'] == 3
    assert run.config['custom_hooks'] == [{'type': 'NonFiniteLossHook'}, {'type': 'EpochSeedHook', 'seed': 3}]
    mixture = run.config['train_dataloader']['dataset']
    assert mixture['seed'] == 3 and [item['seed'] for item in mixture['datasets']] == [3000, 3001]
    assert run.folder == tmp_path / 'work/no-x/seed-3' and run.label == 'no-x, seed 3'
    # The first seed is the config as it stands.
    first = AblationRun.from_config(config, 0, tmp_path).config['train_dataloader']['dataset']
    assert [item['seed'] for item in first['datasets']] == [0, 1]


def test_a_run_from_start_to_end(config, tmp_path):
    run, tools, commands = AblationRun.from_config(config, 1, tmp_path / 'work'), Tools(), []
    run.perform(lambda command, log: (commands.append(command), tools(command, log)))
    assert tools.calls == ['train.py', 'photos', 'boards'] and run.is_finished
    folder = run.folder
    assert commands[0] == ['train.py', f'{folder}/config.json', '--work-dir', f'{folder}/training', '--resume']
    data = ['--data-root', str(config.parent), '--ann-file', 'val.jsonl', '--pictures', '0']
    weights = ['test.py', f'{folder}/config.json', f'{folder}/training/epoch_2.pth']
    first = [*weights, *data, '--out-dir', f'{folder}/photos', '--cfg-options', 'test_dataloader.dataset.indices=5']
    assert commands[1:] == [first, [*weights, *data, '--out-dir', f'{folder}/boards']]
    assert AblationRun.from_folder(folder) == run


@pytest.mark.parametrize(
    ('stopped_at', 'left'),
    [
        ('train.py', ['train.py', 'photos', 'boards']),
        ('photos', ['photos', 'boards']),
        ('boards', ['boards']),
        (None, []),
    ],
)
def test_only_what_is_left_is_done_again(config, tmp_path, stopped_at, left):
    run = AblationRun.from_config(config, 0, tmp_path / 'work')
    if stopped_at is None:
        run.perform(Tools())
    else:
        with pytest.raises(RunError, match=f'{stopped_at} failed'):
            run.perform(Tools(stopped_at))
        assert not run.is_finished
    tools = Tools()
    run.perform(tools)
    assert tools.calls == left and run.is_finished


def test_a_checkpoint_that_is_being_written_is_no_end_of_training(config, tmp_path):
    run = AblationRun.from_config(config, 0, tmp_path / 'work')
    training = run.folder / 'training'
    training.mkdir(parents=True)
    (training / 'epoch_2.pth').touch()
    (training / 'last_checkpoint').write_text(str(training / 'epoch_1.pth'))
    assert not run.is_trained


def test_checkpoints_go_and_the_run_stays_finished(config, tmp_path):
    run = AblationRun.from_config(config, 0, tmp_path / 'work')
    run.perform(Tools())
    (run.folder / 'training/some.log').touch()
    run.drop_checkpoints()
    assert [path.name for path in (run.folder / 'training').iterdir()] == ['some.log']
    tools = Tools()
    run.perform(tools)
    assert tools.calls == []


def test_a_changed_config_is_not_mixed_in(config, tmp_path):
    run = AblationRun.from_config(config, 0, tmp_path / 'work')
    run.perform(Tools())
    config.write_text(config.read_text().replace('max_epochs=2', 'max_epochs=3'))
    tools = Tools()
    with pytest.raises(
        ConfigError, match=r'no-x/seed-0/config\.json: expected the config of no-x, seed 0 as it is now'
    ):
        AblationRun.from_config(config, 0, tmp_path / 'work').perform(tools)
    assert tools.calls == []


@pytest.mark.parametrize('name', ['train.jsonl', 'val.jsonl'])
def test_a_missing_set_is_told_before_training(config, tmp_path, name):
    (config.parent / name).unlink()
    tools = Tools()
    with pytest.raises(ConfigError, match=f'{name}: expected an annotation file, found no such file'):
        AblationRun.from_config(config, 0, tmp_path / 'work').perform(tools)
    assert tools.calls == []


def test_what_is_no_ablation_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r'gone\.py: expected a config of an ablation, found no such file'):
        AblationRun.from_config(tmp_path / 'gone.py', 0, tmp_path)
    (tmp_path / 'plain.py').write_text('train_cfg = dict(max_epochs=1)\n')
    with pytest.raises(ConfigError, match=r'plain\.py: .* found none of custom_hooks, randomness, test_sets'):
        AblationRun.from_config(tmp_path / 'plain.py', 0, tmp_path)
    (tmp_path / 'x/seed-0').mkdir(parents=True)
    with pytest.raises(ConfigError, match=r'seed-0/config\.json: expected the config of a run, found'):
        AblationRun.from_folder(tmp_path / 'x/seed-0')
    assert json.dumps(sorted(path.name for path in tmp_path.iterdir())) == '["plain.py", "x"]'
