"""The scripts that start several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.test_tools.small_run import ROOT, prepare, train

# Nothing that each process draws for itself, full precision, and every step in the log.
PLAIN = """
_base_ = ['./small.py']
model = dict(denoising=None, decoder=dict(dropout=0.0), text_encoder=dict(adapter_layers=0))
optim_wrapper = dict(type='OptimWrapper')
train_dataloader = dict(dataset=dict(samples_per_epoch=12))
default_hooks = dict(logger=dict(interval=1), checkpoint=dict(save_best=None))
val_evaluator = dict(out_file={out!r})
"""


def environment(**changes):
    return {**os.environ, 'HF_HUB_OFFLINE': '1', 'CUDA_VISIBLE_DEVICES': '', 'PYTHON': sys.executable, **changes}


def script(name, *arguments, cwd=ROOT, **variables):
    command = [str(ROOT / 'tools' / name), *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env=environment(**variables), capture_output=True, text=True, timeout=900, check=False
    )


def lines(folder):
    texts = [path.read_text() for path in folder.glob('*/vis_data/scalars.json')]
    return [json.loads(line) for text in texts for line in text.splitlines()]


@pytest.mark.slow
def test_two_processes_train_what_one_trains(tmp_path):
    """Two with batches of two against one with batches of four: order of the mixture, losses, rates, validation."""
    prepare(tmp_path)
    found = []
    for count in (1, 2):
        config, folder = tmp_path / f'plain_{count}.py', tmp_path / f'run_{count}'
        config.write_text(PLAIN.format(out=str(tmp_path / f'report_{count}.json')))
        options = [
            '--work-dir',
            folder,
            '--cfg-options',
            f'train_dataloader.batch_size={4 // count}',
            'train_cfg.max_epochs=1',
        ]
        if count == 1:
            done = train(config, *options, cwd=tmp_path)
        else:
            done = script('dist_train.sh', config, 2, *options, cwd=tmp_path)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
        found.append(lines(folder))
    one, two = ([line for line in run if 'loss' in line] for run in found)
    assert len(one) == len(two) == 3
    for first, second in zip(one, two, strict=True):
        names = [name for name in first if 'loss' in name or name in ('lr', 'grad_norm', 'step', 'epoch')]
        assert {name: second[name] for name in names} == pytest.approx({name: first[name] for name in names}, rel=1e-3)
    first, second = (next(line for line in run if 'diffground/score' in line) for run in found)
    scores = [name for name in first if name.startswith('diffground/')]
    assert {name: second[name] for name in scores} == pytest.approx({name: first[name] for name in scores}, abs=1e-6)
    # Three pairs in two processes: the repeated one is left out again.
    predicted = [
        [json.loads(line) for line in (tmp_path / f'report_{count}.predictions.jsonl').read_text().splitlines()]
        for count in (1, 2)
    ]
    places = [[(item['pair_id'], item['query_id']) for item in items] for items in predicted]
    assert places[0] == places[1] and len(places[0]) > 3
    assert not list((tmp_path / 'run_2').glob('*.tmp'))


def test_faulty_calls():
    for name, arguments in (
        ('dist_train.sh', ['config.py']),
        ('dist_train.sh', ['config.py', 'two']),
        ('slurm_train.sh', ['p', 'j']),
    ):
        done = script(name, *arguments)
        assert done.returncode == 2 and 'usage: ' in done.stderr
    done = script('dist_train.sh', 'config.py', 2, NNODES='2', NODE_RANK='0')
    assert done.returncode != 0 and 'MASTER_ADDR' in done.stderr


def told(tmp_path, name, program, *arguments, **variables):
    """What a script would start: `program` is a stand-in that prints its arguments."""
    stand_in = tmp_path / program
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    stand_in.chmod(0o755)
    done = script(name, *arguments, PATH=f'{tmp_path}:{os.environ["PATH"]}', **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_several_machines(tmp_path):
    variables = {'NNODES': '2', 'NODE_RANK': '1', 'MASTER_ADDR': 'first', 'PYTHON': str(tmp_path / 'python')}
    words = told(tmp_path, 'dist_train.sh', 'python', 'c.py', 4, '--work-dir', 'a b', **variables)
    assert words == [
        *('-m', 'torch.distributed.run', '--nproc-per-node', '4', '--nnodes', '2', '--node-rank', '1'),
        *('--master-addr', 'first', '--master-port', '29500', str(ROOT / 'tools/train.py'), 'c.py'),
        *('--launcher', 'pytorch', '--work-dir', 'a b'),
    ]


def test_slurm(tmp_path):
    words = told(
        tmp_path, 'slurm_train.sh', 'srun', 'gpu', 'job', 'c.py', 'out', '--amp', GPUS='4', SRUN_ARGS='-x n1 -v'
    )
    assert words == [
        *('--partition', 'gpu', '--job-name', 'job', '--gres', 'gpu:4', '--ntasks', '4', '--ntasks-per-node', '4'),
        *('--cpus-per-task', '5', '--kill-on-bad-exit=1', '-x', 'n1', '-v', sys.executable, '-u'),
        *(str(ROOT / 'tools/train.py'), 'c.py', '--work-dir', 'out', '--launcher', 'slurm', '--amp'),
    ]
