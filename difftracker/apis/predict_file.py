"""`difftracker predict --annotations FILE --data-root DIR --out FILE`."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from difftracker.apis.command_inferencer import command_inferencer
from difftracker.apis.inferencer import DiffTrackerInferencer
from difftracker.apis.kept_answers import keep_answers
from difftracker.datasets.annotation_checks import check_path
from difftracker.datasets.annotations import parse_record
from difftracker.errors import AnnotationError, DiffTrackerError, ImageReadError, QueryError
from difftracker.structures import PairRecord
from difftracker.utils.files import check_target, parse_json_object, write_jsonl
from difftracker.utils.image_io import read_image, read_stated_image


def predict_file(args: argparse.Namespace) -> int:
    """Answers every sentence of an annotation file, one line per query, in the order of the file.

    A pair that cannot be used (a faulty line, an unreadable picture) gets no lines; it is listed on the error stream
    at the end, where pairs without sentences are counted, too.

    The prediction file appears when the run is complete, never in part; where something ends the run before that, or
    the file cannot be written after all, what was answered lies in a file of that name with `.partial` behind it, or
    else in the folder of temporary files. A run that could answer nothing leaves an older file as it was.

    Args:
        args: Arguments of the command line.

    Returns:
        Exit code: 0, or 1 where pairs were passed over.

    Raises:
        DiffTrackerError: The annotation file, the data root or the weights cannot be used at all, or no pair has an
            answer.
        OSError: The prediction file cannot be written.
    """
    annotations, root, out = Path(args.annotations), Path(args.data_root), Path(args.out)
    lines = _read_lines(annotations)
    if not root.is_dir():
        raise NotADirectoryError(f'{root}: expected a folder as --data-root, found none')
    _check_out(out, annotations)
    inferencer = command_inferencer(args)
    predictions: list[dict] = []
    failures: list[str] = []
    unasked = 0
    seen: dict[str, int] = {}
    try:
        for number, text in tqdm(lines, desc='predict', unit='pair', file=sys.stderr):
            try:
                record = _parse_line(text, annotations, number, root)
                if record.pair_id in seen:
                    reason = f'pair_id {record.pair_id!r} stands on line {seen[record.pair_id]} already'
                    raise AnnotationError(annotations, reason, number)
                seen[record.pair_id] = number
                with _naming_pair(annotations, number, record.pair_id):
                    predictions.extend(_predict_record(inferencer, record, root))
                unasked += not record.queries
            except DiffTrackerError as error:
                failures.append(str(error))
        if predictions:
            write_jsonl(out, predictions)
    except BaseException:
        if predictions:
            keep_answers(out.with_name(f'{out.name}.partial'), predictions)
        raise
    if unasked:
        print(f'difftracker: {unasked} of {len(lines)} pairs ask nothing and have no predictions', file=sys.stderr)
    _print_failures(failures, len(lines))
    if not predictions:
        kept = 'stays as it was' if out.exists() else 'was not written'
        raise AnnotationError(
            annotations, f'expected a pair that can be answered with {root} as --data-root, found none; {out} {kept}'
        )
    print(f'{len(predictions)} predictions: {out}')
    return 1 if failures else 0


def parse_unlabelled(obj: dict[str, Any], path: Path, line: int) -> PairRecord:
    """Parses a record of which only pictures and sentences are needed.

    Files without truth are common where someone else keeps it: missing `changes`, `answers` and `subset` are taken as
    empty. What is there must be right.

    Args:
        obj: One object of an annotation file.
        path: The file, for the message.
        line: 1-based line, for the message.

    Raises:
        AnnotationError: On the first fault.
    """
    item = {'changes': [], **obj}
    if isinstance(item.get('queries'), list):
        item['queries'] = [
            {'subset': 'none', 'answers': [], **query} if isinstance(query, dict) else query
            for query in item['queries']
        ]
    return parse_record(item, path, line)


def _parse_line(text: bytes, path: Path, line: int, root: Path) -> PairRecord:
    """Parses a line; sizes of pictures that it does not state are read, for no box counts in their pixels."""
    obj = parse_json_object(text, path, line)
    with _naming_pair(path, line, obj.get('pair_id')):
        for side in ('before', 'after'):
            if f'{side}_size' not in obj and isinstance(obj.get(side), str):
                # Before the file is opened: an annotation file must not choose files of the whole disk.
                fault = check_path(side, obj[side])
                if fault is not None:
                    raise _fault(fault.reason, path, line, obj.get('pair_id'))
                height, width = read_image(root / obj[side]).shape[:2]
                obj[f'{side}_size'] = [width, height]
    return parse_unlabelled(obj, path, line)


@contextmanager
def _naming_pair(path: Path, line: int, pair_id: Any) -> Iterator[None]:
    """Puts line and pair into the error of a picture or a sentence, which knows neither."""
    try:
        yield
    except (ImageReadError, QueryError) as error:
        raise _fault(str(error), path, line, pair_id) from error


def _fault(reason: str, path: Path, line: int, pair_id: Any) -> AnnotationError:
    """Words a fault as the reader of annotation files does."""
    pair = f' (pair {pair_id})' if isinstance(pair_id, str) else ''
    return AnnotationError(path, f'{reason}{pair}', line)


def _predict_record(inferencer: DiffTrackerInferencer, record: PairRecord, root: Path) -> Iterator[dict]:
    images = []
    for path, stated in ((record.before, record.before_size), (record.after, record.after_size)):
        images.append(read_stated_image(root / path, stated))
    results = inferencer.ask(*images, [query.text for query in record.queries])
    for query, result in zip(record.queries, results, strict=True):
        yield dataclasses.replace(result, pair_id=record.pair_id, query_id=query.query_id).to_json()


def _print_failures(failures: list[str], pairs: int) -> None:
    if failures:
        print(f'difftracker: error: {len(failures)} of {pairs} pairs have no predictions:', file=sys.stderr)
    for failure in failures:
        print(f'  {" ".join(failure.split())}', file=sys.stderr)


def _read_lines(path: Path) -> list[tuple[int, bytes]]:
    """Returns the lines that are not blank with their 1-based numbers; faults inside a line are found later."""
    if not path.is_file():
        raise AnnotationError(path, 'expected an annotation file, found none')
    content = path.read_bytes().removeprefix(b'\xef\xbb\xbf')
    lines = [(number, line) for number, line in enumerate(content.split(b'\n'), start=1) if line.strip()]
    if not lines:
        raise AnnotationError(path, 'expected one pair per line, found no pair at all')
    return lines


def _check_out(out: Path, annotations: Path) -> None:
    """Tells before the run, not after it, that the predictions could not be written."""
    check_target(out, '--out')
    if out.exists() and out.samefile(annotations):
        raise FileExistsError(f'{out}: --out would overwrite the annotation file')
