"""MagicBrush: photographs edited by instruction, with the mask that the editor drew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from difftracker.errors import AnnotationError
from difftracker.structures import Change, Query
from difftracker.utils.mask_boxes import boxes_of_mask

from .boxes import box_in
from .converted_pair import ConvertedPair
from .converter import UNKNOWN_KIND, Converter
from .magicbrush_parquet import ParquetRow, parquet_rows, parquet_splits
from .masks import read_transparency
from .picture import Picture
from .source_files import field, read_json

# Free-hand masks have stray dots; a piece of less than this share of the mask's picture is one. Our choice.
MIN_SHARE = 1e-3


class MagicBrush(Converter):
    """Reads MagicBrush (Zhang et al., NeurIPS 2023), either form of it.

    The release with files, as of the test split: `<split>/edit_sessions.json` maps an image id to its edits in turn
    (`input`, `mask`, `output`, `instruction`); the files are in `<split>/images/<image id>/`. The Hugging Face form:
    `data/<split>-*.parquet`. Each turn is a pair, and its instruction the sentence. The mask is a copy of the picture
    whose edited part is transparent, possibly of another size; its connected pieces become boxes in both images. It is
    drawn by hand around the place to edit, so boxes are often wider than the edit.

    Args:
        root: The folder that holds the splits, or the clone of the Hugging Face data set.
    """

    NAME: ClassVar[str] = 'magicbrush'
    SUMMARY: ClassVar[str] = 'MagicBrush, edits with masks: <split>/edit_sessions.json, or the parquet files'
    SOURCE: ClassVar[str] = 'MagicBrush'
    LICENSE: ClassVar[str] = 'CC-BY-4.0'

    def splits(self) -> Sequence[str]:
        """Returns those of `train`, `dev` and `test` that are there in either form."""
        with_files = {path.parent.name for path in self.root.glob('*/edit_sessions.json')}
        return [split for split in ('train', 'dev', 'test') if split in with_files | parquet_splits(self.root)]

    def items(self, split: str) -> Sequence[tuple[str, Any]]:
        """Returns every turn of every session."""
        path = self.root / split / 'edit_sessions.json'
        if not path.is_file():
            return [(f'magicbrush-{row.image_id}-{row.turn}', row) for row in parquet_rows(self.root, split)]
        found = []
        for name, turns in read_json(path, dict).items():
            if not isinstance(turns, list):
                raise AnnotationError(path, f'expected the list of edits of image {name}, found {turns!r}')
            found += [
                (f'magicbrush-{name}-{number}', (f'{path}: image {name}, turn {number}', split, name, turn))
                for number, turn in enumerate(turns, start=1)
            ]
        return found

    def convert(self, pair_id: str, item: Any) -> ConvertedPair:
        """Converts one turn."""
        if isinstance(item, ParquetRow):
            text, (before, mask, after) = item.read()
        else:
            text, (before, mask, after) = self._read_files(*item)
        marked = read_transparency(mask.content, mask.name)
        frame = (marked.shape[1], marked.shape[0])
        found = boxes_of_mask(marked, round(MIN_SHARE * marked.size))
        if not found:
            raise AnnotationError(mask.name, 'expected a mask with a transparent part, found none')
        changes = tuple(
            Change(number, UNKNOWN_KIND, *(box_in(picture, box, mask.name, frame) for picture in (before, after)))
            for number, box in enumerate(found)
        )
        query = Query('q0', text, UNKNOWN_KIND, tuple(change.change_id for change in changes))
        return ConvertedPair(before, after, changes, (query,))

    def _read_files(self, where: str, split: str, name: str, turn: Any) -> tuple[str, tuple[Picture, Picture, Picture]]:
        """Returns instruction, input, mask and output of a turn in the release with files."""
        folder = self.file(f'{split}/images/{name}', where)
        before, mask, after = (
            self.file(field(turn, part, str, where), where, folder) for part in ('input', 'mask', 'output')
        )
        pictures = (
            self.picture(before),
            Picture(mask.relative_to(self.root).as_posix(), _read(mask)),
            self.picture(after),
        )
        return field(turn, 'instruction', str, where), pictures


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AnnotationError(path, f'expected a mask, found: {error.strerror}') from error
