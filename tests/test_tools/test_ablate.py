"""The ablation runner as a user calls it: with tools that only pretend, and once in earnest."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.test_analysis.ablation_runs import report, write_config
from tests.test_datasets.pair_set_factory import write_set
from tests.test_tools.small_run import ROOT, drawn_pair
from tools.analysis import ablate

# They do in no time what the tools do; a training of `fails` ends badly.
TRAIN = """
import sys
from pathlib import Path
print('training', sys.argv[1])
folder = Path(sys.argv[3])
if '/fails/' in sys.argv[1] and not Path('repaired').exists():
    sys.exit('loss_box is no number')
folder.mkdir()
(folder / 'epoch_2.pth').touch()
(folder / 'last_checkpoint').write_text('epoch_2.pth')
"""
TEST = """
import sys
from pathlib import Path
folder = Path(sys.argv[sys.argv.index('--out-dir') + 1])
folder.mkdir()
(folder / 'report.json').write_text({report!r})
"""
SMALL = """
_base_ = [{base!r}]
drawn = dict(type='DiffGroundDataset', pipeline={{{{_base_.train_pipeline}}}}, kinds={{{{_base_.kinds}}}},
             queries_per_pair=2, data_root={root!r}, ann_file='annotations/train.jsonl')
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(_delete_=True, type='PairMixture', datasets=[drawn], samples_per_epoch=4),
)
test_dataloader = dict(num_workers=0)
train_cfg = dict(max_epochs=1)
param_scheduler = [dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=2)]
model = dict(decoder=dict(num_queries=6))
test_sets = [dict(name='rectangles', data_root={root!r}, ann_file='annotations/val.jsonl', pairs=2)]
"""


@pytest.fixture()
def pretended(tmp_path, monkeypatch):
    """A checkout whose tools pretend, as the current folder."""
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools/train.py').write_text(TRAIN)
    (tmp_path / 'tools/test.py').write_text(TEST.format(report=json.dumps(report(0.5, 0.5))))
    monkeypatch.setattr(ablate, 'ROOT', tmp_path)
    monkeypatch.chdir(tmp_path)
    return {name: str(write_config(tmp_path / 'configs', name)) for name in ('base', 'fails', 'no-x')}


def test_a_failure_stops_nothing_else_and_is_made_good_later(pretended, tmp_path, capsys):
    command = ['--configs', *pretended.values(), '--seeds', '0', '1', '--work-dir', 'work']
    assert ablate.main(command) == 1
    out, err = capsys.readouterr()
    assert [line.split(',')[0] for line in out.splitlines()] == [
        '1/6 base',
        '3/6 no-x',
        '4/6 base',
        '6/6 no-x',
        'table: work/table.md',
    ]
    first = err.splitlines()[0]
    assert first.startswith(
        '2/6 fails, seed 0: work/fails/seed-0/output.log: expected train.py to end well, found exit code 1'
    )
    assert first.endswith('loss_box is no number')
    assert 'Not finished: fails, seed 0; fails, seed 1.' in (tmp_path / 'work/table.md').read_text()
    assert not list((tmp_path / 'work').rglob('*.pth'))
    (tmp_path / 'repaired').touch()
    assert ablate.main(command) == 0
    out, err = capsys.readouterr()
    assert [line.split(': ')[1] for line in out.splitlines()[:-1] if 'fails' not in line] == ['was finished'] * 4
    assert err == '' and 'Not finished' not in (tmp_path / 'work/table.md').read_text()
    log = (tmp_path / 'work/fails/seed-0/output.log').read_text()
    assert log.count('training work/fails/seed-0/config.json') == 2


def test_the_table_alone_trains_nothing(pretended, tmp_path, capsys):
    assert ablate.main(['--configs', pretended['base'], '--work-dir', 'work', '--keep-checkpoints']) == 0
    assert len(list((tmp_path / 'work').rglob('epoch_2.pth'))) == 2
    (tmp_path / 'work/table.md').unlink()
    assert ablate.main(['--table-only', '--work-dir', 'work', '--configs', pretended['no-x']]) == 0
    assert (tmp_path / 'work/table.md').is_file() and not (tmp_path / 'work/no-x').exists()
    capsys.readouterr()
    assert ablate.main(['--table-only', '--work-dir', 'elsewhere']) == 1
    assert capsys.readouterr().err == 'elsewhere: expected a finished run of base, found none\n'


def test_bad_arguments(pretended, capsys):
    assert ablate.main(['--configs', 'gone.py']) == 1
    assert 'gone.py: expected a config' in capsys.readouterr().err
    assert ablate.main(['--configs', pretended['base'], pretended['base']]) == 1
    assert 'expected files of different names' in capsys.readouterr().err
    for seeds in (['0', '0'], ['-1']):
        with pytest.raises(SystemExit):
            ablate.parse_args(['--seeds', *seeds])


def test_the_default_is_every_ablation():
    names = {path.stem for path in ablate.parse_args([]).configs}
    assert names == {path.stem for path in (ROOT / 'configs/ablations').glob('*.py')} and 'base' in names


def test_help_loads_nothing_heavy():
    code = (
        'import sys; from tools.analysis import ablate\n'
        'try: ablate.parse_args(["--help"])\n'
        'except SystemExit: print({"torch", "mmengine", "scipy"} & set(sys.modules))'
    )
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith('set()\n')


@pytest.mark.slow
def test_in_earnest(tmp_path, monkeypatch, capsys):
    """The config as it is stored, read by the real tools."""
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    (tmp_path / 'images').mkdir()
    for name in ('train', 'val'):
        write_set(tmp_path, [drawn_pair(tmp_path, number, name) for number in range(4)], name, pictures=False)
    config = tmp_path / 'base.py'
    config.write_text(SMALL.format(base=str(ROOT / 'configs/ablations/base.py'), root=f'{tmp_path}/'))
    work = tmp_path / 'work'
    assert ablate.main(['--configs', str(config), '--seeds', '5', '--work-dir', str(work)]) == 0, (
        capsys.readouterr().err
    )
    found = json.loads((work / 'base/seed-5/rectangles/report.json').read_text())
    assert found['counts']['pairs'] == 2 and found['score_threshold'] == 0.25
    log = (work / 'base/seed-5/output.log').read_text()
    assert 'Epoch(train) [1][2/2]' in log and 'seed: 5' in log
    assert '## rectangles' in (work / 'table.md').read_text()
