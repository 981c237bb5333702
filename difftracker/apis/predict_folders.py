"""`difftracker predict BEFORE_FOLDER AFTER_FOLDER TEXT`."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from difftracker.apis.command_inferencer import command_inferencer
from difftracker.apis.kept_answers import keep_answers
from difftracker.apis.predict_pair import (
    CHANGED,
    DEFAULT_OUT_DIR,
    answer_to_json,
    distinct_name,
    sentence_name,
    shorten,
)
from difftracker.errors import ConfigError, DiffTrackerError, ImageReadError
from difftracker.structures import ChangeResult
from difftracker.utils.files import atomic_write, check_folder, write_jsonl
from difftracker.utils.image_io import read_image, write_image
from difftracker.visualization import draw_answer

SUFFIXES = ('.png', '.jpg', '.jpeg', '.webp', '.bmp', '.tif', '.tiff')
COLUMNS = ('pair', 'text', 'changed', 'kind', 'score', 'x1', 'y1', 'x2', 'y2')


@dataclass(frozen=True)
class FolderPair:
    """Two pictures that lie in the same place of two folders.

    Attributes:
        name: That place, without the suffix, with `/` between folders.
        before: The picture in the first folder.
        after: The one in the second.
    """

    name: str
    before: Path
    after: Path


def predict_folders(args: argparse.Namespace) -> int:
    """Answers sentences about all pairs of pictures of equal name in two folders.

    The output folder gets `answers.jsonl` and `answers.csv`, and a picture of each answer that found something; where
    a sentence finds nothing now, the picture that an earlier run wrote of its answer is removed. When something ends
    the run, the two files hold the pairs that were done.

    Args:
        args: Arguments of the command line.

    Returns:
        Exit code: 1 where pairs were passed over or a picture of an answer could not be written, else 3 with
        `--exit-code` where something changed, else 0.

    Raises:
        DiffTrackerError: The folders have no pair, the output folder lies in one of them, or sentence or weights cannot
            be used at all.
        OSError: The output folder cannot be written to; before the model is loaded where that shows.
    """
    pairs, alone = match_folders(Path(args.before), Path(args.after))
    failures = [f'passed over: {line}' for line in alone]
    out = Path(args.out_dir or DEFAULT_OUT_DIR)
    _check_outside(out, (Path(args.before), Path(args.after)))
    check_folder(out, '--out-dir')
    inferencer = command_inferencer(args)
    answers: list[tuple[FolderPair, ChangeResult, Path | None]] = []
    taken: set[str] = set()
    try:
        for pair in tqdm(pairs, desc='predict', unit='pair', file=sys.stderr):
            # Before anything can fail, so that the same folders give the same names in every run.
            paths = [out / distinct_name(_picture_name(pair, text), taken) for text in args.text]
            try:
                before, after = read_image(pair.before), read_image(pair.after)
            except DiffTrackerError as error:
                failures.append(f'passed over: {error}')
                continue
            for path, result in zip(paths, inferencer.ask(before, after, args.text), strict=True):
                picture = None
                try:
                    if not result.is_empty:
                        picture = write_image(path, draw_answer(before, after, result))
                    elif path.is_file():
                        # Of an earlier run; beside answers that say nothing it would mislead.
                        path.unlink()
                except OSError as error:
                    task = 'remove this picture of an older' if result.is_empty else 'write this picture of an'
                    failures.append(f'{path}: expected to {task} answer, found: {error.strerror or error}')
                answers.append((pair, result, picture))
        _write_answers(out, answers)
    except BaseException:
        # Whatever ended the run, what was answered is not lost.
        if answers:
            try:
                _write_answers(out, answers)
            except OSError:
                keep_answers(out / 'answers.jsonl', _to_json(answers))
        raise
    changed = {pair.name for pair, result, _ in answers if not result.is_empty}
    print(f'something of that kind changed in {len(changed)} of {len(pairs)} pairs: {out / "answers.csv"}')
    for failure in failures:
        print(f'difftracker: {" ".join(failure.split())}', file=sys.stderr)
    if failures:
        return 1
    return CHANGED if args.exit_code and changed else 0


def match_folders(before: Path, after: Path) -> tuple[list[FolderPair], list[str]]:
    """Pairs the pictures of two folders, and of the folders in them, by their names without suffix.

    Returns:
        The pairs in the order of their names, and a line for each picture that has no partner.

    Raises:
        ImageReadError: No name stands in both folders, or one stands twice in a folder.
    """
    first, second = _pictures(before), _pictures(after)
    pairs = [FolderPair(name, first[name], second[name]) for name in sorted(first.keys() & second.keys())]
    if not pairs:
        raise ImageReadError(
            before,
            f'expected pictures of the same names as in {after}, found {len(first)} pictures here, {len(second)} there '
            'and no name in both',
        )
    alone = [
        f'{pictures[name]}: no picture of that name in {other}'
        for pictures, partners, other in ((first, second, after), (second, first, before))
        for name in sorted(pictures.keys() - partners.keys())
    ]
    return pairs, alone


def _pictures(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob('*')):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            name = path.relative_to(folder).with_suffix('').as_posix()
            if name in found:
                raise ImageReadError(path, f'expected one picture of this name, found {found[name].name} beside it')
            found[name] = path
    return found


def _check_outside(out: Path, folders: Sequence[Path]) -> None:
    """Refuses an output folder whose pictures the next run would compare."""
    place = out.resolve()
    around = [parent for parent in (place, *place.parents) if parent.is_dir()]
    for folder in folders:
        # Not the names: links, and capitals on some file systems, write one folder in several ways.
        if any(parent.samefile(folder) for parent in around):
            raise ConfigError(
                f'--out-dir: expected a folder outside of those that are compared, found {out} in {folder}'
            )


def _picture_name(pair: FolderPair, text: str) -> str:
    place = PurePosixPath(pair.name)
    return str(place.with_name(f'{shorten(place.name, stems=2)}_{sentence_name(text)}.png'))


def _write_answers(out: Path, answers: Sequence[tuple[FolderPair, ChangeResult, Path | None]]) -> None:
    """Writes what was answered as JSON Lines, one line per sentence, and as a table, one row per box."""
    write_jsonl(out / 'answers.jsonl', _to_json(answers))
    table = io.StringIO()
    writer = csv.writer(table, lineterminator='\n')
    writer.writerow(COLUMNS)
    for pair, result, _ in answers:
        if result.is_empty:
            writer.writerow((pair.name, result.text, 'no', '', f'{result.no_change_score:.3f}', '', '', '', ''))
        for box, score, kind in zip(result.boxes, result.scores, result.kinds, strict=True):
            corners = [f'{value:.1f}' for value in box]
            writer.writerow((pair.name, result.text, 'yes', kind, f'{score:.3f}', *corners))
    atomic_write(out / 'answers.csv', table.getvalue())


def _to_json(answers: Sequence[tuple[FolderPair, ChangeResult, Path | None]]) -> list[dict]:
    return [answer_to_json(pair.before, pair.after, result, path) for pair, result, path in answers]
