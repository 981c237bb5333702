"""Starting a detector with another backbone from a trained one."""

from __future__ import annotations

import torch
from mmengine.config import Config

from difftracker.apis.build import build_model
from difftracker.checkpoint import apply_weights, load_weights
from tools import warm_start

LITE2 = """
_base_ = {base!r}
model = dict(
    backbone=dict(backbone=dict(arch='lite2'), in_channels=(24, 48, 120, 352)),
    decoder=dict(semantic_channels=(120, 352)),
)
"""


def test_the_result_is_a_start_for_training(trained, tmp_path, capsys):
    folder, config = trained
    target, out = tmp_path / 'lite2.py', tmp_path / 'start.pth'
    target.write_text(LITE2.format(base=str(config)))
    arguments = [str(config), str(folder / 'epoch_2.pth'), str(target), str(out), '--batches', '2']
    assert warm_start.main(arguments) == 0
    assert 'backbone.difference.3.value: ' in capsys.readouterr().out
    model = build_model(Config.fromfile(target).model)
    apply_weights(model, load_weights(out)[0], out)
    trained_weights = load_weights(folder / 'epoch_2.pth')[0]
    assert torch.equal(model.state_dict()['head.match.2.0.weight'], trained_weights['head.match.2.0.weight'])


def test_names_the_weights_that_are_missing(trained, tmp_path, capsys):
    _, config = trained
    out = tmp_path / 'start.pth'
    assert warm_start.main([str(config), str(tmp_path / 'none.pth'), str(config), str(out)]) == 1
    assert 'none.pth' in capsys.readouterr().err and not out.exists()
