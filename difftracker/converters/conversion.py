"""Converts a data set from its first split to the checked result."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from difftracker.errors import ConfigError, DiffTrackerError

from .conversion_report import ConversionReport
from .converter import Converter
from .left_out import LeftOut
from .set_writer import Progress, SetWriter


def convert_set(
    converter: Converter,
    out: str | Path,
    splits: Sequence[str] | None = None,
    link: bool = False,
    progress: Progress = lambda items, _: items,
) -> ConversionReport:
    """Converts a public data set to the annotation format.

    A broken pair is listed and the rest goes on. The result is checked before it appears in `out`; nothing appears
    there when the conversion is stopped.

    Args:
        converter: Reads the data set.
        out: Folder of the new set: `annotations/SPLIT.jsonl` and `images/`.
        splits: Published names of the splits to convert; all where None.
        link: Make symbolic links to image files instead of copies.
        progress: Takes a sequence and a word, returns the sequence; to show progress.

    Returns:
        Counts, pairs left out, broken pairs, leaks between splits.

    Raises:
        ConfigError: A split is unknown, or `out` holds it already.
        DiffTrackerError: A file that describes the whole data set is missing or broken.
    """
    chosen = _choose(converter, splits)
    report = ConversionReport()
    with SetWriter(out, link) as writer:
        for split in chosen:
            if writer.annotation_file(split).exists():
                raise ConfigError(
                    f'{writer.annotation_file(split)}: expected no file, found one; choose another folder'
                )
        for split in chosen:
            _convert_split(converter, split, writer, report, progress)
        dropped, report.leaks = writer.check(progress)
        report.broken += [(split, *pair) for split, pairs in dropped.items() for pair in pairs]
        writer.publish()
        for split, records in writer.records.items():
            changes, queries = (sum(len(getattr(item, name)) for item in records) for name in ('changes', 'queries'))
            report.splits[split] = Counter(pairs=len(records), changes=changes, queries=queries)
    return report


def _choose(converter: Converter, splits: Sequence[str] | None) -> list[str]:
    known = list(converter.splits())
    chosen = known if splits is None else list(dict.fromkeys(splits))
    unknown = [split for split in chosen if split not in known]
    if unknown or not chosen:
        found = ', '.join(unknown) or 'no split at all'
        raise ConfigError(f'{converter.root}: expected splits out of {", ".join(known) or "none"}, found {found}')
    for split in chosen:
        # The data set's own files name the splits, and files here are named after them.
        if not re.fullmatch(r'\w[\w.+-]*', split):
            raise ConfigError(f'{converter.root}: expected splits with names of letters and digits, found {split!r}')
    return chosen


def _convert_split(
    converter: Converter, split: str, writer: SetWriter, report: ConversionReport, progress: Progress
) -> None:
    items: Iterable[tuple[str, Any]] = progress(converter.items(split), split)
    for pair_id, item in items:
        try:
            pair = converter.convert(pair_id, item)
            if isinstance(pair, LeftOut):
                report.left_out[pair.reason] += 1
            else:
                writer.add(split, pair_id, pair, converter.source, converter.license)
        except DiffTrackerError as error:
            report.broken.append((split, pair_id, str(error)))
