"""The models that ship with the package."""

from __future__ import annotations

from pathlib import Path

from difftracker.errors import CheckpointError

WEIGHTS_DIR = Path(__file__).parent / 'weights'


def model_names() -> list[str]:
    """Returns the names of the models in this installation, sorted."""
    return sorted(path.stem for path in WEIGHTS_DIR.glob('*.safetensors'))


def resolve_model(name_or_path: str | Path) -> Path:
    """Finds the weights file of a shipped model, or checks that a file of the user's is there.

    Args:
        name_or_path: A name such as `difftracker-lite`, or the path of a weights file. A shipped model's name wins over
            a file of the same name; `./difftracker-lite` names the file.

    Returns:
        The path of the weights file.

    Raises:
        CheckpointError: It is neither; the message lists the names there are.
    """
    if str(name_or_path) in model_names():
        return WEIGHTS_DIR / f'{name_or_path}.safetensors'
    path = Path(name_or_path)
    if not path.is_file():
        names = ', '.join(model_names()) or 'none in this installation'
        raise CheckpointError(name_or_path, f'expected a weights file or the name of a shipped model ({names})')
    return path
