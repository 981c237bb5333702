"""Weights: whole, exact and never code."""

from __future__ import annotations

import errno
import os
import pathlib
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from difftracker.checkpoint import apply_weights, load_weights, save_weights
from difftracker.errors import CheckpointError

METADATA = {'config': {'type': 'Tiny', 'kinds': ['add', 'replace'], 'score_threshold': 0.5}, 'note': 'größer'}


class Hostile:
    """Creates a file when it is unpickled."""

    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> tuple:
        return pathlib.Path.touch, (self.witness,)


def weights() -> dict[str, torch.Tensor]:
    """Tensors of several types and shapes, with a view, a shared one, an empty one and a scalar."""
    base = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    return {
        'a.weight': base,
        'a.turned': base.t(),
        'a.shared': base,
        'half': base.to(torch.bfloat16),
        'count': torch.tensor(7),
        'none': torch.zeros(0, 3),
        'mask': torch.tensor([True, False]),
    }


def assert_same(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    """Names, types, shapes and values are equal."""
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype and torch.equal(found[name], tensor), name


def test_roundtrip(tmp_path: Path) -> None:
    path = save_weights(tmp_path / 'model.safetensors', weights(), METADATA)
    tensors, metadata = load_weights(path)
    assert_same(tensors, weights())
    assert metadata == METADATA


def test_a_file_of_another_tool_has_no_metadata(tmp_path: Path) -> None:
    save_file({'a': torch.ones(2)}, tmp_path / 'a.safetensors', metadata={'format': 'pt'})
    tensors, metadata = load_weights(tmp_path / 'a.safetensors')
    assert_same(tensors, {'a': torch.ones(2)})
    assert metadata == {}


@pytest.mark.parametrize('suffix', ['.safetensors', '.pth'])
def test_truncation_at_any_place_is_seen(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f'model{suffix}'
    if suffix == '.pth':
        torch.save({'state_dict': weights()}, path)
    else:
        save_weights(path, weights(), METADATA)
    data = path.read_bytes()
    for step in range(20):
        path.write_bytes(data[: step * len(data) // 20])
        with pytest.raises(CheckpointError, match=f'^{path}: expected'):
            load_weights(path)
    path.write_bytes(data[:-1])
    with pytest.raises(CheckpointError):
        load_weights(path)


def test_every_flipped_bit_of_the_header_is_seen(tmp_path: Path) -> None:
    path = save_weights(tmp_path / 'model.safetensors', {'a.weight': torch.ones(2, 3)}, {'kinds': ['add']})
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], 'little')
    for place in range(header):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            try:
                load_weights(path)
            except CheckpointError:
                continue
            # Only the padding after the JSON text carries no meaning: one blank may become another.
            assert data[place : place + 1] == b' ' and bytes(damaged[place : place + 1]).isspace(), (place, bit)


def test_a_flipped_bit_of_the_tensors_is_seen(tmp_path: Path) -> None:
    path = save_weights(tmp_path / 'model.safetensors', weights(), METADATA)
    damaged = bytearray(path.read_bytes())
    damaged[-5] ^= 4
    path.write_bytes(damaged)
    with pytest.raises(CheckpointError, match='checksum'):
        load_weights(path)


@pytest.mark.parametrize('suffix', ['.pth', '.pt', '.safetensors', '.pkl'])
def test_pickled_code_is_refused_and_not_run(tmp_path: Path, suffix: str) -> None:
    witness, path = tmp_path / 'witness', tmp_path / f'model{suffix}'
    torch.save({'state_dict': {'a': torch.ones(1)}, 'meta': Hostile(witness)}, path)
    with pytest.raises(CheckpointError):
        load_weights(path)
    path.write_bytes(pickle.dumps(Hostile(witness)))
    with pytest.raises(CheckpointError):
        load_weights(path)
    assert not witness.exists()
    # The proof is worth something only if the file does what it says.
    pickle.loads(path.read_bytes())
    assert witness.exists()


def test_a_training_checkpoint_of_mmengine(tmp_path: Path) -> None:
    from mmengine.logging.history_buffer import HistoryBuffer
    from mmengine.runner import save_checkpoint

    history = HistoryBuffer([1.0], [1])
    path = tmp_path / 'epoch_1.pth'
    checkpoint = {
        'meta': {'epoch': 1},
        'state_dict': weights(),
        'ema_state_dict': {'module.a': torch.ones(1)},
        'message_hub': {'log_scalars': {'loss': history}},
    }
    save_checkpoint(checkpoint, str(path))
    tensors, metadata = load_weights(path)
    assert_same(tensors, weights())
    assert metadata['epoch'] == 1


def test_a_plain_state_dict(tmp_path: Path) -> None:
    torch.save(weights(), tmp_path / 'a.pth')
    tensors, metadata = load_weights(tmp_path / 'a.pth')
    assert_same(tensors, weights())
    assert metadata == {}


@pytest.mark.parametrize('content', [[1, 2], torch.ones(2), {'state_dict': [1]}, {'a': 1}, {1: torch.ones(1)}])
def test_other_content_is_refused(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(CheckpointError, match='expected a state dict'):
        load_weights(tmp_path / 'a.pth')


def test_missing_file_folder_and_suffix(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match='found nothing of that name'):
        load_weights(tmp_path / 'none.safetensors')
    with pytest.raises(CheckpointError, match='found a folder'):
        load_weights(tmp_path)
    (tmp_path / 'a.bin').write_bytes(b'x')
    with pytest.raises(CheckpointError, match="found the suffix '.bin'"):
        load_weights(tmp_path / 'a.bin')


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_weights(tmp_path / 'model.safetensors', weights(), METADATA)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(OSError, match='No space'):
        save_weights(path, {'b': torch.zeros(3)}, {})
    with pytest.raises(TypeError):
        save_weights(path, {'b': torch.zeros(3)}, {'config': object()})
    assert_same(load_weights(path)[0], weights())
    assert os.listdir(tmp_path) == ['model.safetensors']


def test_the_suffix_of_a_save_is_checked(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected the suffix .safetensors, found '.pth'"):
        save_weights(tmp_path / 'model.pth', weights(), METADATA)


def test_weights_of_another_model_are_refused_and_change_nothing() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    other = {name: torch.zeros_like(tensor) for name, tensor in before.items()}
    other['0.weight'] = torch.zeros(5, 2)
    other['extra'] = other.pop('1.bias')
    with pytest.raises(CheckpointError) as caught:
        apply_weights(model, other, 'model.safetensors')
    for part in (
        'model.safetensors: expected the weights of Sequential',
        '1.bias is missing',
        'extra is not in the model',
    ):
        assert part in str(caught.value)
    assert '0.weight is (5, 2), the model has (3, 2)' in str(caught.value)
    assert_same(model.state_dict(), before)


def test_fitting_weights_are_taken() -> None:
    model, other = nn.Linear(2, 3), nn.Linear(2, 3)
    apply_weights(model, other.state_dict(), 'model.safetensors')
    assert_same(model.state_dict(), other.state_dict())
