"""The inferencer that the options of `difftracker predict` ask for."""

from __future__ import annotations

import argparse

from difftracker.apis.inferencer import DiffTrackerInferencer


def command_inferencer(args: argparse.Namespace) -> DiffTrackerInferencer:
    """Builds the inferencer of a run.

    Args:
        args: Arguments of the command line: `model`, `checkpoint`, `device`, `score_threshold`, `exact_size`.

    Raises:
        DiffTrackerError: The weights, the device or a number cannot be used.
    """
    return DiffTrackerInferencer(
        args.checkpoint or args.model,
        device=args.device,
        score_threshold=args.score_threshold,
        exact_size=args.exact_size,
    )
