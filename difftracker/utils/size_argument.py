"""What a size in pixels may be; only the standard library is imported, so that `--help` answers at once."""

from __future__ import annotations

import argparse


def size_argument(text: str) -> int:
    """Reads a size in pixels; the `type` of an argument.

    Args:
        text: What stands on the command line.

    Returns:
        The size, at least 1.

    Raises:
        argparse.ArgumentTypeError: It is no whole number or below 1; the parser names the option.
    """
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f'expected a whole number of pixels, at least 1, found {text}')
    return value
