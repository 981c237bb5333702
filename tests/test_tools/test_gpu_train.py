"""The recipe for a GPU, on a CPU: pack made-up sources, train in two calls, collect, publish, ask."""

from __future__ import annotations

import json
import re
import sys

import numpy as np
import pytest
import torch

from difftracker.apis import DiffTrackerInferencer
from difftracker.checkpoint import load_weights
from difftracker.errors import DiffTrackerError
from tests.test_datasets.pair_set_factory import write_set
from tests.test_synthesis.conftest import data_root  # noqa: F401  (fixture)
from tests.test_tools.small_run import ROOT, drawn_pair
from tools import publish
from tools.gpu import train as tool

SHIPPED = ROOT / 'configs/difftracker/difftracker-lite_gpu_composed.py'
SMALL = """
_base_ = [{shipped!r}]
model = dict(decoder=dict(num_queries=6, num_layers=3), head=dict(num_layers=3))
"""
COCO = {'type': 'coco', 'annotations': 'coco/{split}.json', 'images': 'coco/images'}
RECIPES = {
    'photo': {'pictures': [COCO], 'sprites': [COCO, {'type': 'cutouts'}]},
    'screens': {
        'domain': 'screen',
        'pictures': [{'type': 'screens', 'annotations': 'screens/annotations/{split}.jsonl', 'root': 'screens'}],
        'sprites': [{'type': 'cutouts'}],
    },
}
SIZE = (96, 96)


def options():
    """A small picture, two pairs a batch, ten an epoch: a step takes a second or two."""
    sets = 'train_dataloader.dataset.datasets'
    step = {0: 1, 1: 1, 2: 2, 3: 1}
    found = [f'{sets}.{number}.pipeline.{place}.scale=({SIZE[0]},{SIZE[1]})' for number, place in step.items()]
    found += [f'{sets}.{number}.long_side={SIZE[0]}' for number in (0, 1, 3)]
    found += ['train_dataloader.dataset.samples_per_epoch=10', 'train_dataloader.batch_size=2']
    # The full rate at once, or half precision would not show the steps.
    found += ['train_cfg.warmup_iters=0']
    return [*found, 'val_dataloader.batch_size=2', 'val_dataloader.num_workers=0']


@pytest.fixture(scope='module')
def made(tmp_path_factory, data_root):  # noqa: F811
    """Folder with a config, boards and validation pairs, and the pack."""
    root = tmp_path_factory.mktemp('gpu')
    (root / 'small.py').write_text(SMALL.format(shipped=str(SHIPPED)))
    for name, recipe in RECIPES.items():
        (root / f'{name}.json').write_text(json.dumps({'name': name, **recipe}))
    for name, count in (('train', 3), ('val', 3)):
        (root / 'set/images').mkdir(parents=True, exist_ok=True)
        write_set(
            root / 'set', [drawn_pair(root / 'set', number, name) for number in range(count)], name, pictures=False
        )
    assert tool.main([*pack_arguments(root, data_root), '--encoders']) == 0
    return root


def pack_arguments(root, sources):
    return [
        *('pack', str(root / 'small.py'), '--sources', str(sources), '--out', str(root / 'pack')),
        *('--cutouts', str(sources / 'cutouts/index.csv'), '--val', str(root / 'set/annotations/val.jsonl')),
        *('--boards', str(root / 'set/annotations/train.jsonl'), '--val-pairs', '2'),
        *('--recipes', str(root), '--piece-mib', '10'),
    ]


def call(root, *arguments):
    return tool.main(
        [
            *('train', str(root / 'small.py'), '--pack', str(root / 'pack'), '--run', str(root / 'run')),
            *('--out', str(root / 'out'), '--workers', '1', *arguments, '--cfg-options', *options()),
        ]
    )


def status(root):
    return json.loads((root / 'out/status.json').read_text())


@pytest.mark.slow
def test_from_sources_to_answers(made, capsys, monkeypatch):
    """Two calls of training; the second goes on where the first was told to stop."""
    assert max(path.stat().st_size for path in (made / 'pack').iterdir()) <= 10 * 2**20
    assert call(made, '--minutes', '1000', '--stop-after', '0.001', '--piece-mb', '5') == 0
    assert 'not finished: call again' in capsys.readouterr().out
    first = status(made)
    assert first['steps'] == 1 and not first['finished'] and first['validation'] == {}
    weights = [made / f'out/weights.{number:03d}' for number in range(4)]
    assert weights[0].stat().st_size == 5_000_000
    before = tool_weights(made, made / 'first.safetensors')

    # One more step takes longer than the time that is left.
    assert call(made, '--minutes', str(first['minutes'] + 1e-3), '--piece-mb', '5') == 0
    assert capsys.readouterr().out.endswith('finished\n')
    second = status(made)
    assert second['steps'] == 2 and second['finished'] and second['pairs'] == 4
    assert 0 <= second['validation']['diffground/score'] <= 1
    log = (made / 'out/train.log').read_text()
    assert 'resumed epoch: 1, iter: 1' in log

    after = tool_weights(made, made / 'second.safetensors')
    assert before.keys() == after.keys()
    moved = {name.split('.')[0] for name in after if not torch.equal(before[name], after[name])}
    assert {'backbone', 'decoder', 'head', 'neck', 'dense_head', 'text_encoder'} == moved

    published = made / 'small.safetensors'
    monkeypatch.setattr(
        sys, 'argv', ['publish.py', str(made / 'small.py'), str(made / 'second.safetensors'), str(published)]
    )
    publish.main()
    described = load_weights(published)[1]['config']
    assert described['model']['text_encoder']['name'] == 'minilm'
    picture = np.full((90, 120, 3), 128, np.uint8)
    other = picture.copy()
    other[20:50, 30:70] = (220, 30, 30)
    (answer,) = DiffTrackerInferencer(str(published), score_threshold=0.0)(picture, other, 'what was added?')
    assert len(answer.boxes) and np.isfinite(answer.scores).all()


def tool_weights(made, path):
    assert tool.main(['collect', str(made / 'out'), str(path)]) == 0
    return load_weights(path)[0]


def test_weights_of_another_model_are_refused(made, tmp_path, capsys):
    (tmp_path / 'other.py').write_text(
        (made / 'small.py').read_text() + "model['backbone'] = dict(backbone=dict(arch='lite2'))\n"
    )
    arguments = ['train', str(tmp_path / 'other.py'), '--pack', str(made / 'pack'), '--run', str(tmp_path / 'run')]
    settings = ['model.backbone.in_channels=(24,48,120,352)', 'model.decoder.semantic_channels=(120,352)']
    assert tool.main([*arguments, '--out', str(tmp_path / 'out'), '--cfg-options', *options(), *settings]) == 1
    assert re.search(r'pack: expected weights of the model of the config, found \d+ of \d+', capsys.readouterr().err)


def test_a_pack_that_is_too_large_says_what_to_do(made, data_root, capsys):  # noqa: F811
    assert tool.main([*pack_arguments(made, data_root), '--limit-mib', '0.01', '--out', str(made / 'elsewhere')]) == 1
    assert re.search(
        r'error: pack: expected at most 0\.01 MiB, found 0\.\d MiB; lower --quality', capsys.readouterr().err
    )
    assert not (made / 'elsewhere').exists()


def test_measure(made, capsys):
    arguments = ['measure', str(made / 'small.py'), '--pack', str(made / 'pack'), '--run', str(made / 'run')]
    assert tool.main([*arguments, '--pairs', '2', '--cfg-options', *options()]) == 0
    lines = capsys.readouterr().out.splitlines()[-5:]
    each = [float(re.search(r'([\d.]+) ms', line)[1]) for line in lines]
    assert each[4] == pytest.approx((4 * each[0] + 4 * each[1] + each[2] + each[3]) / 10, abs=0.15)


def test_collect_wants_whole_weights(made, tmp_path, capsys):
    assert tool.main(['collect', str(tmp_path), str(tmp_path / 'w.safetensors')]) == 1
    assert 'weights.json: expected a list of pieces' in capsys.readouterr().err
    with pytest.raises(DiffTrackerError, match=r'expected the suffix \.safetensors'):
        tool.collect(tool.parse_args(['collect', str(tmp_path), str(tmp_path / 'w.pth')]))


def test_a_missing_config(tmp_path, capsys):
    config = tmp_path / 'no.py'
    assert tool.main(['pack', str(config), '--sources', str(tmp_path), '--out', str(tmp_path / 'pack')]) == 1
    errors = capsys.readouterr().err
    assert errors.startswith('error: ') and str(config) in errors and errors.count('\n') == 1
