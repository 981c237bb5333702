"""`difftracker predict BEFORE AFTER "TEXT" ...`."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from itertools import chain, count, zip_longest
from pathlib import Path

from difftracker.apis.command_inferencer import command_inferencer
from difftracker.structures import ChangeResult
from difftracker.utils.files import check_folder
from difftracker.utils.image_io import read_image, write_image
from difftracker.visualization import draw_answer

DEFAULT_OUT_DIR = 'outputs'
# Exit code with --exit-code where something changed; 1 and 2 have other meanings.
CHANGED = 3
# File systems take names of 255 bytes; the sentence, a number behind it, and what is added while the file is being
# written need 79 of them, two stems the rest.
STEM_CHARACTERS, STEM_BYTES = 60, 88


def predict_pair(args: argparse.Namespace) -> int:
    """Answers sentences about one pair, prints the answers and writes a picture of each.

    Args:
        args: Arguments of the command line.

    Returns:
        Exit code: 3 with `--exit-code` where something changed, else 0.

    Raises:
        DiffTrackerError: A picture, a sentence or the weights cannot be used.
        OSError: The output folder cannot be used, or a picture cannot be written.
    """
    # The pictures first: a wrong name should be told before seconds go into the model.
    before, after = read_image(args.before), read_image(args.after)
    drawn = args.out_dir is not None or not args.json
    out = Path(args.out_dir or DEFAULT_OUT_DIR)
    if drawn:
        check_folder(out, '--out-dir')
    inferencer = command_inferencer(args)
    results = inferencer.ask(before, after, args.text)
    pictures: list[Path] = []
    taken: set[str] = set()
    try:
        if drawn:
            for result in results:
                path = out / distinct_name(picture_name(args.before, args.after, result.text), taken)
                pictures.append(write_image(path, draw_answer(before, after, result)))
    finally:
        # An answer names its picture, but one that cannot be written should not cost the answer.
        if args.json:
            _print_json(args, results, pictures)
        else:
            _print_lines(results, pictures)
    return CHANGED if args.exit_code and not all(result.is_empty for result in results) else 0


def _print_json(args: argparse.Namespace, results: list[ChangeResult], pictures: list[Path]) -> None:
    """Prints one object for one sentence, a list for several."""
    items = [
        answer_to_json(args.before, args.after, result, picture) for result, picture in zip_longest(results, pictures)
    ]
    print(json.dumps(items[0] if len(items) == 1 else items, ensure_ascii=False, indent=2))


def _print_lines(results: list[ChangeResult], pictures: list[Path]) -> None:
    for result, picture in zip_longest(results, pictures):
        if len(results) > 1:
            print(result.text)
        print(format_answer(result))
        if picture is not None:
            print(f'picture: {picture}')


def answer_to_json(before: str | Path, after: str | Path, result: ChangeResult, picture: Path | None) -> dict:
    """Returns the answer as plain data: files, sentence, then the fields of the prediction format."""
    item = {'before': str(before), 'after': str(after), 'text': result.text, **result.to_json()}
    # A pair from the command line has no ids.
    del item['pair_id'], item['query_id']
    return item if picture is None else {**item, 'picture': str(picture)}


def format_answer(result: ChangeResult) -> str:
    """Returns the answer as lines for the terminal; boxes are pixels of the after picture."""
    if result.is_empty:
        return f'nothing of that kind changed (score {result.no_change_score:.2f})'
    lines = []
    for number, (box, score, kind) in enumerate(zip(result.boxes, result.scores, result.kinds), start=1):
        corners = ', '.join(f'{value:.0f}' for value in box)
        lines.append(f'{number}  {kind:<10}  score {score:.2f}  box ({corners})')
    return '\n'.join(lines)


def picture_name(before: str | Path, after: str | Path, text: str) -> str:
    """Returns a file name made of the names of the pictures, shortened, and of the sentence.

    Sentences that differ in capitals and punctuation alone share it, and so do long names that begin alike;
    `distinct_name` tells the pictures of one run apart.
    """
    return f'{shorten(Path(before).stem)}_{shorten(Path(after).stem)}_{sentence_name(text)}.png'


def distinct_name(name: str, taken: set[str]) -> str:
    """Returns a file name that no other picture of the run has: a repeated one gets a number behind it.

    Args:
        name: The name wanted, with its suffix; folders may stand before it.
        taken: The names given so far, to which this one is added.
    """
    path = Path(name)
    candidates = chain([name], (path.with_stem(f'{path.stem}-{number}').as_posix() for number in count(2)))
    # Some file systems take names for one that differ in capitals alone.
    found = next(candidate for candidate in candidates if candidate.casefold() not in taken)
    taken.add(found.casefold())
    return found


def sentence_name(text: str) -> str:
    """Returns a sentence as part of a file name; one without Latin letters, or a long one, gets a short hash."""
    words = re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')
    if not words or len(words) > 48 or not text.isascii():
        words = f'{words[:40]}-{hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]}'.strip('-')
    return words


def shorten(stem: str, stems: int = 1) -> str:
    """Returns the beginning of a picture's name that leaves room for the rest of a file name.

    Args:
        stem: The name without suffix.
        stems: It may fill the room of so many stems; there are two.
    """
    stem = stem[: stems * STEM_CHARACTERS]
    while len(os.fsencode(stem)) > stems * STEM_BYTES:
        stem = stem[:-1]
    return stem
