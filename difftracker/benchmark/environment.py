"""What decides the bytes of a build besides its inputs, and how the processor is kept from it."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import PIL
from PIL import features

import difftracker
from difftracker import synthesis


def make_opencv_reproducible() -> None:
    """Makes OpenCV compute the same on every processor of a kind, from now on in this process.

    OpenCV and the library IPP within it choose code by the processor, and what they choose rounds differently: told to
    do as on older processors, they changed pixels of 8 to 20 out of 40 pairs. OpenCV's plain code, which all x86-64
    processors share, changed none of 150.
    """
    cv2.setUseOptimized(False)
    cv2.setNumThreads(1)


@contextmanager
def reproducible_opencv() -> Iterator[None]:
    """Makes OpenCV reproducible for as long as the context lasts; see `make_opencv_reproducible`."""
    optimised, threads = cv2.useOptimized(), cv2.getNumThreads()
    make_opencv_reproducible()
    try:
        yield
    finally:
        cv2.setUseOptimized(optimised)
        cv2.setNumThreads(threads)


def describe_environment() -> dict[str, str]:
    """Returns versions of all that takes part in a build; `generator` is a digest of the generator's own code."""
    return {
        'difftracker': difftracker.__version__,
        'generator': _generator_digest(),
        'python': platform.python_version(),
        'numpy': np.__version__,
        'opencv': cv2.__version__,
        'pillow': PIL.__version__,
        'libjpeg_turbo': features.version('libjpeg_turbo') or 'none',
        'pycocotools': version('pycocotools'),
        'machine': platform.machine(),
    }


def _generator_digest() -> str:
    digest = hashlib.sha256()
    root = Path(synthesis.__path__[0])
    for path in sorted(root.rglob('*.py'), key=lambda path: path.relative_to(root).as_posix()):
        digest.update(path.relative_to(root).as_posix().encode() + b'\n' + path.read_text(encoding='utf-8').encode())
    return digest.hexdigest()[:16]
