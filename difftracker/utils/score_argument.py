"""What a score may be; only the standard library is imported, so that `--help` answers at once."""

from __future__ import annotations

import argparse
import math


def is_score(value: object) -> bool:
    """Tells whether a value that was read from a file is a number from 0 to 1."""
    return type(value) in (int, float) and 0 <= value <= 1


def score_argument(text: str) -> float:
    """Reads a score; the `type` of an argument.

    Args:
        text: What stands on the command line.

    Returns:
        The score, from 0 to 1.

    Raises:
        argparse.ArgumentTypeError: It is no number from 0 to 1; the parser names the option.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not is_score(value):
        raise argparse.ArgumentTypeError(f'expected a number from 0 to 1, found {text}')
    return value
