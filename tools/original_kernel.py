"""Finds, builds and calls the CUDA kernel of Deformable-DETR, to compare with on a GPU: its sources are not ours.

    python tools/original_kernel.py CARRIED

CARRIED is a wheel that holds the sources (transformers 4.48 does), or a folder with such a wheel or with the sources.
`benchmark_ops.py --original` calls what this builds; built once, it is kept in PyTorch's folder of extensions.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir

import torch

# Where the sources lie within a wheel or folder, and the file that tells them from anything else.
FOLDER, MARK = 'kernels/deformable_detr/', 'cuda/ms_deform_attn_cuda.cu'
SOURCES = ('vision.cpp', MARK)
# Pictures of a batch that its kernel takes at a time; the default of its module.
PICTURES = 64
NAME = 'original_ms_deform_attn'


def read_sources(place: Path) -> dict[str, str]:
    """Reads the sources.

    Args:
        place: A wheel that holds them, or a folder with such a wheel or with the sources anywhere below it.

    Returns:
        Their texts by their names within the folder of `vision.cpp` and `cuda`.

    Raises:
        FileNotFoundError: There are none.
    """
    is_folder = place.is_dir()
    if is_folder and (found := sorted(place.rglob(MARK))):
        folder = found[0].parents[1]
        files = [path for path in sorted(folder.rglob('*')) if path.suffix in ('.cpp', '.h', '.cu', '.cuh')]
        return {path.relative_to(folder).as_posix(): path.read_text() for path in files}
    for wheel in sorted(place.glob('*.whl')) if is_folder else [place]:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if f'/{FOLDER}' in name and not name.endswith('/')]
            texts = {name.split(f'/{FOLDER}')[1]: archive.read(name).decode() for name in names}
        if MARK in texts:
            return texts
    raise FileNotFoundError(f'{place}: expected a wheel or folder with {FOLDER}{MARK}, found none')


def write_sources(texts: dict[str, str], folder: Path) -> None:
    """Writes the sources for a compiler, with the one name changed that PyTorch has no longer: the type of a value."""
    for name, text in texts.items():
        text = text.replace('value.type(), "', 'value.scalar_type(), "')
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # What is as it was is not compiled again.
        if not target.exists() or target.read_text() != text:
            target.write_text(text)


def build(place: Path) -> Callable[..., torch.Tensor]:
    """Compiles the kernel for the card at hand and makes it a differentiable function.

    Args:
        place: As for `read_sources`.

    Returns:
        A function that is called as `ms_deform_attn`. It computes in the type of the value throughout, as it does in
        the models that use it: in half precision, positions and sums too.
    """
    from torch.utils.cpp_extension import load

    folder = Path(gettempdir()) / NAME
    write_sources(read_sources(place), folder)
    flags = ['-DWITH_CUDA=1']
    objects = folder / 'build'
    objects.mkdir(exist_ok=True)
    # A build that was killed leaves it, and PyTorch would wait for that build for ever.
    (objects / 'lock').unlink(missing_ok=True)
    extension = load(
        NAME, [str(folder / name) for name in SOURCES], extra_include_paths=[str(folder)], extra_cflags=flags,
        extra_cuda_cflags=['-O3', *flags], with_cuda=True, build_directory=str(objects),
    )  # fmt: skip

    class OriginalAttention(torch.autograd.Function):
        """The kernel and its gradient."""

        @staticmethod
        def forward(ctx, *tensors):
            ctx.save_for_backward(*tensors)
            return extension.ms_deform_attn_forward(*tensors, PICTURES)

        @staticmethod
        def backward(ctx, grad):
            found = extension.ms_deform_attn_backward(*ctx.saved_tensors, grad.contiguous(), PICTURES)
            return found[0], None, None, found[1], found[2]

    def run(value, shapes, starts, locations, weights):
        return OriginalAttention.apply(value, shapes, starts, locations.to(value.dtype), weights.to(value.dtype))

    return run


if __name__ == '__main__':
    build(Path(sys.argv[1]))
