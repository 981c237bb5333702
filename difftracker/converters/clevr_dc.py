"""CLEVR-DC: rendered scenes seen from anywhere; only the unchanged ones can be converted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from difftracker.errors import AnnotationError
from difftracker.structures import Query

from .converted_pair import ConvertedPair
from .converter import Converter
from .left_out import LeftOut
from .source_files import field, read_json, sentences

# The captions come from a grammar. Those of a change begin with the changed object; those of no change say 'no',
# 'nothing', or speak of the scene or the two scenes as a whole.
_NO_CHANGE = re.compile(r'(there is )?no\b|nothing\b|the (two )?scenes?\b', re.IGNORECASE)


class ClevrDc(Converter):
    """Reads CLEVR-DC (Kim et al., ICCV 2021).

    `bef/` and `aft/` hold the images by number, `captions.json` the captions by number, `split.json` the numbers of
    each split. The set publishes neither boxes nor scenes, and its camera stands somewhere else in the second image, so
    that no alignment can find what changed: pairs with a change are left out. The pairs without one (an eighth and more
    of the set) are converted, with their captions as sentences that nothing answers.

    Args:
        root: The folder that holds `split.json`.
    """

    NAME: ClassVar[str] = 'clevr-dc'
    SUMMARY: ClassVar[str] = 'CLEVR-DC: bef/, aft/, captions.json, split.json; unchanged pairs only, it has no boxes'
    SOURCE: ClassVar[str] = 'CLEVR-DC'
    LICENSE: ClassVar[str] = 'not stated'

    def splits(self) -> Sequence[str]:
        """Returns the splits of `split.json`."""
        return list(read_json(self.root / 'split.json', dict))

    def items(self, split: str) -> Sequence[tuple[str, int]]:
        """Returns the numbers of a split."""
        path = self.root / 'split.json'
        numbers = field(read_json(path, dict), split, list, path)
        if not all(isinstance(number, int) for number in numbers):
            raise AnnotationError(path, f'{split!r}: expected a list of integers, found other things in it')
        return [(f'clevr-dc-{number:06d}', number) for number in numbers]

    def convert(self, pair_id: str, item: int) -> ConvertedPair | LeftOut:
        """Converts one pair."""
        path = self.root / 'captions.json'
        if item not in self._captions:
            raise AnnotationError(path, f'expected captions of number {item}, found none')
        texts = sentences(self._captions[item], f'{path}: {item}')
        unchanged = [bool(_NO_CHANGE.match(text.strip())) for text in texts]
        if not texts or len(set(unchanged)) > 1:
            raise AnnotationError(
                f'{path}: {item}', f'expected captions that agree on whether something changed, found {texts}'
            )
        if not unchanged[0]:
            return LeftOut('the set does not say where the change is, and its camera moves too far to find out')
        pictures = []
        for side in ('bef', 'aft'):
            if item not in self._files[side]:
                raise AnnotationError(self.root / side, f'expected the image of number {item}, found none')
            pictures.append(self.picture(self._files[side][item]))
        queries = (Query(f'q{number}', text, 'none', ()) for number, text in enumerate(texts))
        return ConvertedPair(*pictures, (), tuple(queries))

    @cached_property
    def _captions(self) -> dict[int, list]:
        """Captions by number; the file's names are numbers with or without leading zeros and suffix."""
        path = self.root / 'captions.json'
        return {_number(name, path): texts for name, texts in read_json(path, dict).items()}

    @cached_property
    def _files(self) -> dict[str, dict[int, Path]]:
        """Image files by number."""
        return {
            side: {_number(path.name, path): path for path in sorted((self.root / side).glob('*.png'))}
            for side in ('bef', 'aft')
        }


def _number(name: str, where: Path) -> int:
    stem = name.split('.')[0]
    if not stem.isdigit():
        raise AnnotationError(where, f'expected a number as name, found {name!r}')
    return int(stem)
