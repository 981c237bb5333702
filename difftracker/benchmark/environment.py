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


@contextmanager
def reproducible_opencv() -> Iterator[None]:
    """Makes OpenCV compute the same on every processor of a kind, for as long as the context lasts.

    OpenCV and the library IPP within it choose code by the processor, and what they choose rounds differently: of 40
    pairs, 8 to 24 differed between processors. Its plain code, which all x86-64 processors share, does not.
    """
    optimised, threads = cv2.useOptimized(), cv2.getNumThreads()
    cv2.setUseOptimized(False)
    cv2.setNumThreads(1)
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
