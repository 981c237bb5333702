"""`difftracker predict BEFORE AFTER "TEXT"`."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
from pathlib import Path

from difftracker.apis.inferencer import DiffTrackerInferencer
from difftracker.structures import ChangeResult
from difftracker.utils.image_io import read_image, write_image
from difftracker.visualization import draw_answer

DEFAULT_OUT_DIR = 'outputs'
# File systems take names of 255 bytes; the sentence, and what is added while the file is being written, need 73.
STEM_CHARACTERS, STEM_BYTES = 60, 90


def predict_pair(args: argparse.Namespace) -> int:
    """Answers one sentence about one pair, prints the answer and writes a picture of it.

    Args:
        args: Arguments of the command line.

    Returns:
        Exit code 0.

    Raises:
        DiffTrackerError: A picture, the sentence or the weights cannot be used.
        OSError: The picture cannot be written.
    """
    # The pictures first: a wrong name should be told before seconds go into the model.
    before, after = read_image(args.before), read_image(args.after)
    inferencer = DiffTrackerInferencer(
        args.checkpoint or args.model,
        device=args.device,
        score_threshold=args.score_threshold,
        exact_size=args.exact_size,
    )
    result = inferencer(before, after, args.text)[0]
    picture = None
    try:
        if args.out_dir is not None or not args.json:
            path = Path(args.out_dir or DEFAULT_OUT_DIR) / picture_name(args.before, args.after, args.text)
            picture = write_image(path, draw_answer(before, after, result))
    finally:
        # The answer names its picture, but one that cannot be written should not cost the answer.
        if args.json:
            print(json.dumps(answer_to_json(args.before, args.after, result, picture), ensure_ascii=False, indent=2))
        else:
            print(format_answer(result))
    if not args.json:
        print(f'picture: {picture}')
    return 0


def answer_to_json(before: str, after: str, result: ChangeResult, picture: Path | None) -> dict:
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
    """Returns a file name that tells pair and sentence apart; sentences without Latin letters get a short hash."""
    words = re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')
    if not words or len(words) > 48 or not text.isascii():
        words = f'{words[:40]}-{hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]}'.strip('-')
    return f'{_shorten(Path(before).stem)}_{_shorten(Path(after).stem)}_{words}.png'


def _shorten(stem: str) -> str:
    stem = stem[:STEM_CHARACTERS]
    while len(os.fsencode(stem)) > STEM_BYTES:
        stem = stem[:-1]
    return stem
