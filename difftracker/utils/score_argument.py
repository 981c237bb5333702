"""A score on a command line; only the standard library is imported, so that `--help` answers at once."""

from __future__ import annotations

import argparse
import math


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
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'expected a number from 0 to 1, found {text}')
    return value
