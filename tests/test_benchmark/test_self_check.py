"""This machine makes the bytes of the release, and so would one with an older processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from difftracker.benchmark.manifest import read_manifest
from difftracker.benchmark.self_check import run_self_check
from tests.test_benchmark.conftest import CONFIGS

TOOL = Path(__file__).parents[2] / 'tools' / 'dataset' / 'build_benchmark.py'
RELEASE = CONFIGS / 'self_check.json'
released_with = read_manifest(RELEASE)['environment']['opencv']
pytestmark = pytest.mark.skipif(
    cv2.__version__ != released_with, reason=f'released with OpenCV {released_with}; another one warps differently'
)


def test_the_generator_makes_what_it_made(tmp_path: Path) -> None:
    differences = run_self_check(tmp_path, CONFIGS / 'diffground_open.json', RELEASE)
    hint = 'the generator makes other pairs than version 1.0 of the benchmark; see "Versions" in docs/data_card.md'
    assert differences == [], hint
    assert cv2.useOptimized()


def test_an_old_processor_makes_the_same() -> None:
    plain = {
        'OPENCV_CPU_DISABLE': 'AVX512-SKX,AVX2,AVX,FP16,SSE4.2,SSE4.1',
        'OPENCV_IPP': 'disabled',
        'NPY_DISABLE_CPU_FEATURES': 'X86_V3 X86_V4',
        'JSIMD_FORCENONE': '1',
    }
    run = subprocess.run(
        [sys.executable, str(TOOL), '--self-check'], env={**os.environ, **plain}, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
