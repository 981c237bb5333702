"""The weights of a run on their way back."""

from __future__ import annotations

import json
import math
from pathlib import Path

from safetensors.torch import save

from difftracker.checkpoint import load_weights
from difftracker.errors import CheckpointError
from difftracker.packing.pieces import write_pieces
from difftracker.utils.files import atomic_write, write_json

NAME = 'weights'


def write_trained_weights(work_dir: Path, out: Path, status: dict, piece_size: int) -> list[Path]:
    """Writes the averaged weights of a run's latest checkpoint in pieces, and its log and a report beside them.

    Half precision: what a published file holds.

    Args:
        work_dir: Of mmengine's runner.
        out: Folder for `weights.json`, its pieces, `status.json` and `train.log`.
        status: How far the run is; plain data.
        piece_size: Largest size of a piece in bytes.

    Returns:
        The pieces.

    Raises:
        CheckpointError: The run has no checkpoint yet.
    """
    latest = work_dir / 'last_checkpoint'
    if not latest.is_file():
        raise CheckpointError(latest, 'expected the name of a checkpoint, found no file: the run made no step')
    tensors, _ = load_weights(latest.read_text(encoding='utf-8').strip())
    half = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous() for name, tensor in tensors.items()
    }
    pieces = write_pieces(save(half), out, NAME, piece_size)
    logs = sorted(work_dir.glob('*/*.log'))
    atomic_write(out / 'train.log', ''.join(log.read_text(encoding='utf-8') for log in logs))
    write_json(out / 'status.json', {**status, 'validation': _last_validation(work_dir)})
    return pieces


def _last_validation(work_dir: Path) -> dict:
    """Returns the figures of the last validation; none where there was none, or nothing to count."""
    found: dict = {}
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in path.read_text(encoding='utf-8').splitlines():
            item = json.loads(line)
            if any(name.startswith('diffground/') for name in item):
                found = {
                    name: value
                    for name, value in item.items()
                    if name.startswith('diffground/') and math.isfinite(value)
                }
    return found
