#!/usr/bin/env python
"""Tells how often a model guesses the name of what has changed.

    python tools/analysis/probe_names.py CONFIG CHECKPOINT --data-root data/photo_val --pairs 300

Each name is told from all names of the annotation file.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from difftracker.errors import AnnotationError, ConfigError, DiffTrackerError


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('config', help='config file (Python: code that runs; use only files you trust)')
    parser.add_argument('checkpoint', help='.safetensors weights, or a .pth checkpoint of tools/train.py (its EMA)')
    parser.add_argument('--data-root', help='data root of the set; default: the one of the config')
    parser.add_argument('--ann-file', help='annotation file, relative to the data root; default: that of the config')
    parser.add_argument('--pairs', type=int, help='only the first so many pairs')
    parser.add_argument('--names', type=int, default=20, help='list the so many most frequent names; default: 20')
    parser.add_argument('--out', type=Path, help='write all figures to this file (.json)')
    args = parser.parse_args(argv)
    if args.pairs is not None and args.pairs < 1:
        parser.error(f'--pairs: expected at least 1, found {args.pairs}')
    return args


def probe(args: argparse.Namespace) -> dict:
    """Runs the model and returns the report.

    Raises:
        DiffTrackerError: The weights or the annotations cannot be used.
    """
    import torch
    from mmengine.config import Config
    from tqdm import trange

    import difftracker.register  # noqa: F401
    from difftracker.analysis.name_probe import NameProbe
    from difftracker.apis.build import build_model
    from difftracker.checkpoint import apply_weights, load_weights
    from difftracker.datasets.annotations import read_annotations
    from difftracker.datasets.change_description import describe_change
    from difftracker.models.heads.change_describer import ChangeDescriber
    from difftracker.registry import DATASETS

    settings = Config.fromfile(args.config)
    dataset = settings.test_dataloader.dataset
    dataset.update({key: value for key in ('data_root', 'ann_file') if (value := getattr(args, key)) is not None})
    annotations = Path(dataset.data_root) / dataset.ann_file
    if not annotations.is_file():
        raise AnnotationError(annotations, 'expected an annotation file, found none')
    records = read_annotations(annotations)[: args.pairs]
    described = [describe_change(change) for record in records for change in record.changes]
    names = {change[attribute] for change in described for attribute in ChangeDescriber.NAMES} - {None}
    if len(names) < 2:
        raise ConfigError(f'{annotations}: expected changes with at least two different names, found {sorted(names)}')
    if args.pairs is not None:
        dataset.indices = args.pairs
    pairs = DATASETS.build(dataset)
    model = build_model(settings.model)
    apply_weights(model, load_weights(args.checkpoint)[0], args.checkpoint)
    found = NameProbe(model.eval(), sorted(names))
    with torch.no_grad():
        for index in trange(len(pairs), unit='pair', disable=None):
            model.test_step({key: [value] for key, value in pairs[index].items()})
    return {**found.report(), 'vocabulary': len(found.vocabulary)}


def main(argv: list[str] | None = None) -> int:
    """Prints the report; returns the exit status."""
    args = parse_args(argv)
    try:
        report = probe(args)
    except (DiffTrackerError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    from difftracker.evaluation.text_table import format_table, percent
    from difftracker.utils.files import write_json

    sides = [(side, report[side]) for side in ('before', 'after')]
    rows = [[side, str(row['guesses']), percent(row['first']), percent(row['among_three'])] for side, row in sides]
    print(f'{report["vocabulary"]} names\n')
    print(format_table(['thing', 'guesses', 'first', 'among three'], rows, markdown=False))
    listed = list(report['names'].items())[: args.names]
    rows = [[name, str(row['guesses']), str(row['right']), row['taken_for'] or '-'] for name, row in listed]
    print('\n' + format_table(['name', 'guesses', 'right', 'mostly taken for'], rows, markdown=False))
    if args.out is not None:
        write_json(args.out, report)
    return 0


if __name__ == '__main__':
    sys.exit(main())
