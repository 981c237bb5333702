"""Settings that every test needs before anything heavy is imported."""

from __future__ import annotations

import os

# No test may reach for a model hub or a window, whatever the machine.
os.environ['HF_HUB_OFFLINE'] = '1'
os.environ['MPLBACKEND'] = 'Agg'
