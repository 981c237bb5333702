"""Asks a model what changed between two pictures and draws the answer.

python demo/image_pair_demo.py BEFORE AFTER "TEXT" --out-dir DIR
python demo/image_pair_demo.py                        # every sentence about every sample pair of this folder
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from difftracker.errors import DiffTrackerError

SAMPLES = Path(__file__).parent


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of this script."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('before', nargs='?', metavar='BEFORE', help='picture before the change')
    parser.add_argument('after', nargs='?', metavar='AFTER', help='picture after the change')
    parser.add_argument('text', nargs='?', metavar='TEXT', help='the sentence')
    parser.add_argument('--samples', action='store_true', help='the sample pairs; so it is without BEFORE, too')
    parser.add_argument('--out-dir', type=Path, default=Path('outputs'), help='where pictures go (default: outputs)')
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument('--model', default='difftracker-lite', help='shipped model (default: difftracker-lite)')
    weights.add_argument('--checkpoint', help='weights file to use instead')
    parser.add_argument('--score-threshold', type=float, help='leave out boxes below this score')
    parser.add_argument('--device', default='cpu', help='cpu, cuda or cuda:N (default: cpu)')
    return parser


def show_pair(args: argparse.Namespace) -> None:
    """Answers one sentence about the pair on the command line."""
    from difftracker.apis import DiffTrackerInferencer
    from difftracker.apis.predict_pair import format_answer, picture_name
    from difftracker.utils.image_io import read_image, write_image
    from difftracker.visualization import draw_answer

    before, after = read_image(args.before), read_image(args.after)
    inferencer = DiffTrackerInferencer(args.checkpoint or args.model, args.device, args.score_threshold)
    result = inferencer(before, after, args.text)[0]
    print(format_answer(result))
    path = args.out_dir / picture_name(args.before, args.after, args.text)
    print(f'picture: {write_image(path, draw_answer(before, after, result))}')


def show_samples(args: argparse.Namespace) -> None:
    """Answers all sentences about the sample pairs and draws a contact sheet with one answer per pair."""
    from difftracker.apis import DiffTrackerInferencer
    from difftracker.apis.predict_pair import format_answer
    from difftracker.datasets.annotations import read_annotations
    from difftracker.utils.image_io import read_image, write_image
    from difftracker.visualization import contact_sheet, draw_answer

    inferencer = DiffTrackerInferencer(args.checkpoint or args.model, args.device, args.score_threshold)
    firsts = []
    for record in read_annotations(SAMPLES / 'annotations.jsonl'):
        before, after = read_image(SAMPLES / record.before), read_image(SAMPLES / record.after)
        results = inferencer.ask(before, after, [query.text for query in record.queries])
        for query, result in zip(record.queries, results):
            picture = draw_answer(before, after, result)
            path = write_image(args.out_dir / f'{record.pair_id}_{query.query_id}.png', picture)
            print(f'{query.text}\n  ' + format_answer(result).replace('\n', '\n  ') + f'\n  picture: {path}')
            if query is record.queries[0]:
                firsts.append(picture)
    sheet = args.out_dir / 'contact_sheet.jpg'
    print(f'all pairs on one page: {write_image(sheet, contact_sheet(firsts))}')


def main() -> int:
    """Runs the demo; returns the exit code."""
    parser = build_parser()
    args = parser.parse_args()
    single = [args.before, args.after, args.text]
    if any(single) and (args.samples or not all(single)):
        parser.error('expected BEFORE AFTER "TEXT" together, or nothing but options for the sample pairs')
    try:
        if args.before is None:
            show_samples(args)
        else:
            show_pair(args)
    except (DiffTrackerError, OSError) as error:
        print(f'image_pair_demo: error: {error}', file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main())
