"""Makes the OpenMMLab packages, as the package registry has them, run without a compiler and on today's releases."""

from __future__ import annotations

import sys

from difftracker.utils.bert_compat import BERT_MODULE, BertAdapter, adapt
from difftracker.utils.missing_ext_finder import MissingExtFinder
from difftracker.utils.safe_globals import allow_history_buffers


def install() -> None:
    """Prepares the process for mmcv and mmdet; later calls change nothing.

    Three things: mmcv without its compiled extension can be imported (where the extension exists, that one is used),
    training checkpoints load with `weights_only=True`, and mmdet's BERT runs on transformers 5. `difftracker.registry`
    calls this before it imports mmdet, so other code only imports that module.
    """
    if any(isinstance(finder, MissingExtFinder) for finder in sys.meta_path):
        return
    sys.meta_path.append(MissingExtFinder())
    allow_history_buffers()
    if BERT_MODULE in sys.modules:
        adapt(sys.modules[BERT_MODULE])
    else:
        sys.meta_path.insert(0, BertAdapter())
