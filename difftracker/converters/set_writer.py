"""Writes a converted set so that it appears whole or not at all."""

from __future__ import annotations

import filecmp
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from difftracker.datasets.annotation_fault import AnnotationFault
from difftracker.datasets.annotation_validator import AnnotationValidator
from difftracker.errors import ConfigError
from difftracker.structures import PairRecord
from difftracker.utils.files import atomic_write, write_jsonl

from .converted_pair import ConvertedPair
from .picture import Picture

Progress = Callable[[Sequence[Any], str], Iterable[Any]]
_LEAKS = ('leaked-pair-id', 'leaked-image')


class SetWriter:
    """Collects a set in a folder of its own beside its place, checks it, and then moves it there.

    Used as a context manager; on the way out the folder of its own is removed, whatever happened.

    Args:
        out: Folder of the set; it may hold other splits.
        link: Make symbolic links to image files instead of copies.
    """

    def __init__(self, out: str | Path, link: bool = False) -> None:
        self.out = Path(out)
        self.link = link
        self.records: dict[str, list[PairRecord]] = {}
        self._staging = self.out / f'.convert-{secrets.token_hex(6)}'

    def __enter__(self) -> SetWriter:
        self._is_new = not self.out.exists()
        self._staging.mkdir(parents=True)
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._staging)
        if self._is_new and not any(self.out.iterdir()):
            self.out.rmdir()

    def annotation_file(self, split: str) -> Path:
        """Returns where the annotations of a split will be."""
        return self.out / 'annotations' / f'{split}.jsonl'

    def add(self, split: str, pair_id: str, pair: ConvertedPair, source: str, license: str) -> None:
        """Adds a pair; its images are copied once, however many pairs show them.

        Raises:
            ImageReadError: An image is missing or cannot be decoded.
        """
        # Both sizes before the first copy: a pair with one broken image leaves nothing behind.
        sizes = [picture.size for picture in (pair.before, pair.after)]
        for picture in (pair.before, pair.after):
            self._place(picture)
        record = PairRecord(
            pair_id,
            pair.before.target,
            pair.after.target,
            *sizes,
            pair.changes,
            pair.queries,
            source,
            license,
            pair.extra,
        )
        self.records.setdefault(split, []).append(record)

    def check(self, progress: Progress) -> tuple[dict[str, list[tuple[str, str]]], list[str]]:
        """Checks everything with the validator of data sets and drops the pairs that have a fault.

        Args:
            progress: Shows progress.

        Returns:
            By split, the id of each pair dropped and why; and the leaks between splits, which stay.
        """
        validator = AnnotationValidator()
        for split, records in self.records.items():
            path = write_jsonl(self._staged(split), [record.to_json() for record in records])
            validator.check(path, self._staging, lambda lines, name=split: progress(lines, f'check {name}'))
        dropped: dict[str, list[tuple[str, str]]] = {}
        for split, records in self.records.items():
            faults: dict[int, AnnotationFault] = {}
            for fault in validator.faults:
                if fault.path == str(self._staged(split)) and fault.line and fault.code not in _LEAKS:
                    faults.setdefault(fault.line, fault)
            dropped[split] = [
                (records[line - 1].pair_id, f'{fault.code}: {fault.reason}') for line, fault in faults.items()
            ]
            self.records[split] = [record for line, record in enumerate(records, start=1) if line not in faults]
        staging = f'{self._staging}{os.sep}'
        return dropped, [str(fault).replace(staging, '') for fault in validator.faults if fault.code in _LEAKS]

    def publish(self) -> None:
        """Moves images, then annotations, to their place.

        Raises:
            ConfigError: The set's folder holds another image of the same name, or the annotations already.
        """
        names = sorted(
            {name for records in self.records.values() for item in records for name in (item.before, item.after)}
        )
        for name in names:
            place = self.out / name
            if place.exists() and not filecmp.cmp(place, self._staging / name, shallow=False):
                raise ConfigError(
                    f'{place}: expected no file or the same image, found another one; choose another folder'
                )
        for split in self.records:
            if self.annotation_file(split).exists():
                raise ConfigError(f'{self.annotation_file(split)}: expected no file, found one; choose another folder')
        for name in names:
            (self.out / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(self._staging / name, self.out / name)
        for split, records in self.records.items():
            if records:
                write_jsonl(self.annotation_file(split), [record.to_json() for record in records])

    def _staged(self, split: str) -> Path:
        return self._staging / 'annotations' / f'{split}.jsonl'

    def _place(self, picture: Picture) -> None:
        """Puts an image into the staging folder, unless it is there."""
        place = self._staging / picture.target
        if place.exists():
            return
        if isinstance(picture.content, bytes):
            atomic_write(place, picture.content)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        if self.link:
            place.symlink_to(picture.content.resolve())
        else:
            shutil.copyfile(picture.content, place)
