"""CLEVR-Change: rendered scenes with one change or only another camera."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from difftracker.errors import AnnotationError, ConfigError
from difftracker.structures import Change, Query

from .boxes import box_in, corners
from .converted_pair import ConvertedPair
from .converter import UNKNOWN_KIND, Converter
from .left_out import LeftOut
from .picture import Picture
from .pixel_boxes import NEEDED, pixel_changes
from .source_files import field, read_json, sentences

# The set's name of a kind -> ours, and what changed about the appearance.
KINDS = {
    'color': ('appearance', 'colour'),
    'material': ('appearance', 'texture'),
    'add': ('add', None),
    'drop': ('remove', None),
    'move': ('move', None),
}
_COPIED = 'copied from the other image'


class ClevrChange(Converter):
    """Reads CLEVR-Change (Park et al., ICCV 2019).

    Each number of `splits.json` gives two pairs: `images/CLEVR_default_<n>.png` with
    `sc_images/CLEVR_semantic_<n>.png`, where one thing changed, and with `nsc_images/CLEVR_nonsemantic_<n>.png`, where
    only the camera moved. The captions of both become the sentences. Boxes are those of
    `change_captions_with_bbox.json` (`x, y, width, height`); kinds are those of `type_mapping.json`. Where an object is
    added or dropped the set has a box in one image only; the other image gets the same box, which the camera's motion
    makes inexact, and the change says so in a field.

    Args:
        root: The folder that holds `splits.json`.
        pixel_boxes: Where the file with boxes is not there, take the largest region of alignment and pixel difference.
    """

    NAME: ClassVar[str] = 'clevr-change'
    SUMMARY: ClassVar[str] = 'CLEVR-Change: images/, sc_images/, nsc_images/, captions and boxes as JSON'
    SOURCE: ClassVar[str] = 'CLEVR-Change'
    LICENSE: ClassVar[str] = 'not stated'

    def __init__(self, root: str | Path, pixel_boxes: bool = False) -> None:
        super().__init__(root)
        self.boxes_file = self.root / 'change_captions_with_bbox.json'
        if not self.boxes_file.is_file() and not pixel_boxes:
            raise ConfigError(f'{self.SOURCE} without {self.boxes_file.name} {NEEDED}')

    def splits(self) -> Sequence[str]:
        """Returns the splits of `splits.json`."""
        return list(read_json(self.root / 'splits.json', dict))

    def items(self, split: str) -> Sequence[tuple[str, tuple[int, bool]]]:
        """Returns, for each number of a split, the pair with a change and the pair without."""
        path = self.root / 'splits.json'
        numbers = field(read_json(path, dict), split, list, path)
        if not all(isinstance(number, int) for number in numbers):
            raise AnnotationError(path, f'{split!r}: expected a list of integers, found other things in it')
        return [
            (f'clevr-change-{number:06d}-{"sc" if changed else "nsc"}', (number, changed))
            for number in numbers
            for changed in (True, False)
        ]

    def convert(self, pair_id: str, item: tuple[int, bool]) -> ConvertedPair | LeftOut:
        """Converts one pair."""
        number, changed = item
        default = f'CLEVR_default_{number:06d}.png'
        other = (
            f'sc_images/CLEVR_semantic_{number:06d}.png'
            if changed
            else f'nsc_images/CLEVR_nonsemantic_{number:06d}.png'
        )
        before, after = self.picture(self.root / 'images' / default), self.picture(self.root / other)
        path, captions = self._captions[changed]
        texts = sentences(field(captions, default, list, path), f'{path}: {default}')
        if not changed:
            return ConvertedPair(before, after, (), _queries(texts, 'none', ()))
        kind, attribute = self._kinds.get(number, (UNKNOWN_KIND, None))
        extra = {} if attribute is None else {'attribute': attribute}
        if not self.boxes_file.is_file():
            found = pixel_changes(before, after)[:1]
            if not found:
                return LeftOut('no region differs between the images')
            change = Change(0, kind, found[0].before_box, found[0].after_box, extra={**extra, **(found[0].extra or {})})
        else:
            change = self._published(number, kind, extra, before, after)
        return ConvertedPair(before, after, (change,), _queries(texts, kind, (0,)))

    def _published(self, number: int, kind: str, extra: dict, before: Picture, after: Picture) -> Change:
        """Returns the change with the boxes of the set."""
        where = f'{self.boxes_file}: {number}'
        entry = field(self._boxes, str(number), dict, self.boxes_file)
        stated = {'before': entry.get('bbox_before'), 'after': entry.get('bbox_after')}
        if not any(stated.values()):
            raise AnnotationError(where, 'expected bbox_before or bbox_after, found neither')
        for side, opposite in (('before', 'after'), ('after', 'before')):
            if not stated[side]:
                stated[side] = stated[opposite]
                extra = {**extra, f'{side}_box_source': _COPIED}
        boxes = (
            box_in(picture, corners(stated[side], where), where)
            for side, picture in (('before', before), ('after', after))
        )
        return Change(0, kind, *boxes, extra=extra or None)

    @cached_property
    def _captions(self) -> dict[bool, tuple[Path, dict]]:
        """File and content of the captions of pairs with and without a change."""
        paths = {True: self.root / 'change_captions.json', False: self.root / 'no_change_captions.json'}
        return {changed: (path, read_json(path, dict)) for changed, path in paths.items()}

    @cached_property
    def _boxes(self) -> dict[str, Any]:
        return read_json(self.boxes_file, dict)

    @cached_property
    def _kinds(self) -> dict[int, tuple[str, str | None]]:
        """Kind of change by number."""
        path = self.root / 'type_mapping.json'
        kinds = {}
        for name, files in read_json(path, dict).items():
            for file in files if name in KINDS and isinstance(files, list) else ():
                stem = str(file).removesuffix('.png')
                if not stem.isdigit():
                    raise AnnotationError(path, f'{name!r}: expected names like 000000.png, found {file!r}')
                kinds[int(stem)] = KINDS[name]
        return kinds


def _queries(texts: list[str], subset: str, answers: tuple[int, ...]) -> tuple[Query, ...]:
    return tuple(Query(f'q{number}', text, subset, answers) for number, text in enumerate(texts))
