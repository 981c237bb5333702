"""Reads and writes weights as data, never as code, and never in halves."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from difftracker.errors import CheckpointError
from difftracker.utils.files import atomic_write

if TYPE_CHECKING:
    from torch import nn

StateDict = dict[str, torch.Tensor]

_METADATA = 'difftracker'
_DIGEST = 'sha256'


def save_weights(path: str | Path, state_dict: StateDict, metadata: dict) -> Path:
    """Writes weights and what must be known to use them into one safetensors file, atomically.

    Args:
        path: Ends with `.safetensors`.
        state_dict: Tensors by name, on any device; tensors that share memory are stored one by one.
        metadata: Plain JSON data (`config`, ...).

    Returns:
        The path written.

    Raises:
        ValueError: The suffix is another one, or `metadata` holds NaN or infinity.
        TypeError: `metadata` is not plain JSON data.
        OSError: The file cannot be written; an old file of that name is then still whole.
    """
    path = Path(path)
    if path.suffix != '.safetensors':
        raise ValueError(f'{path}: expected the suffix .safetensors, found {path.suffix!r}')
    text = json.dumps(metadata, ensure_ascii=False, allow_nan=False, sort_keys=True)
    # safetensors refuses views and tensors that share memory, so every tensor gets memory of its own.
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in state_dict.items()}
    return atomic_write(path, save(tensors, metadata={_METADATA: text, _DIGEST: _digest(tensors, text)}))


def load_weights(path: str | Path) -> tuple[StateDict, dict]:
    """Reads weights onto the CPU.

    The format is told from the suffix and there is no second try: `.safetensors`, or `.pth`/`.pt` as torch or mmengine
    writes them, of which tensors and plain data are read and everything that would run code is refused. A mmengine
    checkpoint that was trained with EMA holds the averaged weights under `state_dict`; those are the ones returned.

    Args:
        path: The weights file.

    Returns:
        Tensors by name, and the metadata: what `save_weights` was given, or mmengine's `meta`, or an empty dict.

    Raises:
        CheckpointError: The file is missing, truncated, damaged, of another format, or holds pickled code.
    """
    path = Path(path)
    if not path.is_file():
        found = 'a folder' if path.is_dir() else 'nothing of that name'
        raise CheckpointError(path, f'expected a weights file, found {found}')
    if path.suffix == '.safetensors':
        return _load_safetensors(path)
    if path.suffix in ('.pth', '.pt'):
        return _load_torch(path)
    raise CheckpointError(path, f'expected a .safetensors, .pth or .pt file, found the suffix {path.suffix!r}')


def apply_weights(model: nn.Module, state_dict: StateDict, path: str | Path) -> None:
    """Puts weights into a model that must fit them exactly.

    Args:
        model: The model.
        state_dict: Tensors by name.
        path: The file that they come from, for the error.

    Raises:
        CheckpointError: Names are missing or left over, or a shape differs. The model is then unchanged.
    """
    own = model.state_dict()
    faults = [f'{name} is missing' for name in own if name not in state_dict]
    faults += [f'{name} is not in the model' for name in state_dict if name not in own]
    faults += [
        f'{name} is {tuple(state_dict[name].shape)}, the model has {tuple(tensor.shape)}'
        for name, tensor in own.items()
        if name in state_dict and state_dict[name].shape != tensor.shape
    ]
    if faults:
        shown = '; '.join(faults[:5]) + (f'; and {len(faults) - 5} more' if len(faults) > 5 else '')
        expected = f'expected the weights of {type(model).__name__}'
        raise CheckpointError(path, f'{expected}, found those of another model: {shown}')
    model.load_state_dict(state_dict)


def _load_safetensors(path: Path) -> tuple[StateDict, dict]:
    """Reads a safetensors file and proves it whole by its digest where it is one of ours."""
    try:
        with safe_open(path, framework='pt', device='cpu') as handle:
            header = handle.metadata() or {}
            tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118  # not a mapping
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise CheckpointError(path, f'expected a whole safetensors file, found a damaged one ({error})') from error
    if _METADATA not in header and _DIGEST not in header:
        return tensors, {}
    if header.get(_DIGEST) != _digest(tensors, header.get(_METADATA, '')):
        raise CheckpointError(path, 'expected the content that its checksum was made of, found other (damaged file)')
    return tensors, json.loads(header[_METADATA])


def _load_torch(path: Path) -> tuple[StateDict, dict]:
    """Reads a torch file: a plain state dict, or a checkpoint of mmengine."""
    # Imported here because it brings mmengine along, which safetensors files do not need.
    from difftracker.utils.safe_globals import allow_history_buffers

    allow_history_buffers()
    try:
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except pickle.UnpicklingError as error:
        # torch's own words would tell the user how to run whatever the file holds.
        foreign = re.search(r'GLOBAL ([\w.]+)', str(error))
        found = 'a damaged file' if foreign is None else f'an object of {foreign[1]}'
        raise CheckpointError(path, f'expected tensors and plain data, found {found}; refused') from error
    except Exception as error:  # torch's reader fed with damaged bytes raises almost anything
        raise CheckpointError(path, f'expected a whole torch file, found a damaged one ({error})') from error
    if not isinstance(checkpoint, dict):
        raise CheckpointError(path, f'expected a state dict, found {type(checkpoint).__name__}')
    tensors = checkpoint.get('state_dict', checkpoint)
    meta = checkpoint.get('meta', {}) if 'state_dict' in checkpoint else {}
    if not isinstance(tensors, dict) or not all(_is_entry(name, value) for name, value in tensors.items()):
        raise CheckpointError(path, 'expected a state dict of tensors by name, found other values in it')
    return dict(tensors), dict(meta)


def _is_entry(name: Any, value: Any) -> bool:
    """True for an entry of a state dict."""
    return isinstance(name, str) and isinstance(value, torch.Tensor)


def _digest(tensors: StateDict, text: str) -> str:
    """SHA-256 over the metadata text and each tensor's name, type, shape and bytes; hexadecimal."""
    digest = hashlib.sha256(text.encode('utf-8'))
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(f'\n{name} {tensor.dtype} {tuple(tensor.shape)}\n'.encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
