"""Whole detectors of mmdet with mmcv's attention and with ours: same weights, same answers, same gradients."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('mmdet', reason='mmdet is not installed')
ROOT = Path(__file__).parents[2]
MMCV = 'mmcv.ops.multi_scale_deform_attn'
OURS = 'difftracker.ops.multi_scale_deformable_attention'


@pytest.fixture(scope='module')
def report(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What `mmdet_models.py` found, once for all models."""
    command = [sys.executable, str(Path(__file__).with_name('mmdet_models.py')), str(tmp_path_factory.mktemp('bert'))]
    result = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, 'PYTHONPATH': str(ROOT)}, check=False
    )
    assert result.returncode == 0, result.stderr[-4000:]
    return json.loads(result.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize('name', ['Deformable-DETR', 'DINO', 'GroundingDINO'])
def test_detector_of_mmdet_is_unchanged(report, name):
    found = report[name]
    # Two encoder and two decoder layers each hold one attention module.
    assert found['modules'] == [[MMCV] * 4, [OURS] * 4]
    assert found['same_results']
    assert found['gradients'] > 100
    assert found['largest_difference'] < 1e-9
