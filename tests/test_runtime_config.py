"""What every run shares."""

import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

RUNTIME = Path(__file__).parents[1] / 'configs/_base_/default_runtime.py'
SCRIPT = """
import os, sys
import cv2, numpy as np
from mmengine.utils.dl_utils.setup_env import set_multi_processing

def threads():
    return len(os.listdir('/proc/self/task'))

before = threads()
cv2.setNumThreads(4)
cv2.GaussianBlur(np.zeros((2000, 2000, 3), np.float32), (0, 0), 5)
assert threads() > before, 'OpenCV used no threads'
set_multi_processing('fork', opencv_num_threads=int(sys.argv[1]))
print(threads() - before)
"""


@pytest.mark.skipif(not Path('/proc/self/task').is_dir(), reason='counts threads as Linux does')
def test_no_threads_of_opencv_are_left_when_workers_are_forked():
    """A worker that is forked beside them may wait for them forever, as OpenCV's pool looks alive to it."""
    threads = Config.fromfile(RUNTIME).env_cfg.mp_cfg.opencv_num_threads
    done = subprocess.run([sys.executable, '-c', SCRIPT, str(threads)], check=True, stdout=subprocess.PIPE, text=True)
    assert done.stdout == '0\n'
