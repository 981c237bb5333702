"""Spot-the-Diff: pairs of surveillance frames with sentences about what differs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from difftracker.structures import Change, Query
from difftracker.utils.mask_boxes import boxes_of_mask

from .boxes import box_in
from .converted_pair import ConvertedPair
from .converter import UNKNOWN_KIND, Converter
from .left_out import LeftOut
from .masks import read_mask
from .picture import Picture
from .pixel_boxes import pixel_changes
from .source_files import field, read_json, sentences

# The authors cluster the differing pixels of their difference images by DBSCAN with a radius of 20 px and 9 points;
# pieces that a disc of half that radius joins come to nearly the same.
JOIN_RADIUS = 10
MIN_PIXELS = 9
SOURCE = 'published-difference'
# 'there are no noticeable differences', 'nothing has changed'; the text has no punctuation: 'i can t find ...'.
_DENIED = re.compile(r'(\b(no|not|nothing)|n t)\b(?! longer| there)(\s+\w+){0,3}\s+(differen|chang)')
# 'both images are identical', 'same picture'.
_ALIKE = re.compile(
    r'(the |these |both |two )*(images?|pictures?|photos?|scenes?|everything)(\s+\w+){0,4}\s+(identical|same)'
    r'|same (images?|pictures?|photos?)'
)
_BUT = re.compile(r'\b(except|but|aside|only|because|however|other than|besides|so)\b')


class SpotTheDiff(Converter):
    """Reads Spot-the-Diff (Jhamtani and Berg-Kirkpatrick, EMNLP 2018).

    `annotations/{train,val,test}.json` list answers of people: `img_id` and `sentences`; several people may have
    described one pair. `resized_images/<id>.png`, `<id>_2.png` and `<id>_diff.jpg` are the images and their published
    difference. The set does not say which sentence means which place. So: the regions of the published difference
    become changes (field `box_source`); a pair gets sentences where only one region is there, because all of them then
    mean it, or where none is there and they say that nothing differs. All sentences of all people are kept in the
    pair's field `captions`.

    Args:
        root: The folder `data` of the repository.
        pixel_boxes: Take the regions from alignment and pixel difference instead.
    """

    NAME: ClassVar[str] = 'spot-the-diff'
    SUMMARY: ClassVar[str] = 'Spot-the-Diff: annotations/*.json and resized_images/ with the difference images'
    SOURCE: ClassVar[str] = 'Spot-the-Diff'
    LICENSE: ClassVar[str] = 'not stated; frames of the VIRAT video data set'

    def __init__(self, root: str | Path, pixel_boxes: bool = False) -> None:
        super().__init__(root)
        self.pixel_boxes = pixel_boxes

    def splits(self) -> Sequence[str]:
        """Returns those of `train`, `val` and `test` whose file is there."""
        return [split for split in ('train', 'val', 'test') if self._annotations(split).is_file()]

    def items(self, split: str) -> Sequence[tuple[str, tuple[str, list[list[str]]]]]:
        """Returns the sentences of each pair, a list for each person."""
        path = self._annotations(split)
        captions: dict[str, list[list[str]]] = {}
        for number, entry in enumerate(read_json(path, list)):
            where = f'{path}: entry {number}'
            texts = sentences(field(entry, 'sentences', list, where), where)
            captions.setdefault(field(entry, 'img_id', str, where), []).append(texts)
        return [(f'spot-the-diff-{name}', (name, texts)) for name, texts in captions.items()]

    def convert(self, pair_id: str, item: tuple[str, list[list[str]]]) -> ConvertedPair | LeftOut:
        """Converts one pair."""
        name, captions = item
        before, after, published = (
            self.file(f'resized_images/{name}{end}', self.root / 'annotations')
            for end in ('.png', '_2.png', '_diff.jpg')
        )
        pictures = self.picture(before), self.picture(after)
        changes = pixel_changes(*pictures) if self.pixel_boxes else _published_changes(published, *pictures)
        texts = list(dict.fromkeys(text for person in captions for text in person))
        if not changes:
            texts = [text for text in texts if says_nothing_changed(text)]
            if not texts:
                return LeftOut('people saw a difference, and no region differs')
            queries = [Query(f'q{number}', text, 'none', ()) for number, text in enumerate(texts)]
        elif len(changes) == 1:
            texts = [text for text in texts if not says_nothing_changed(text)]
            queries = [Query(f'q{number}', text, UNKNOWN_KIND, (0,)) for number, text in enumerate(texts)]
        else:
            queries = []
        return ConvertedPair(*pictures, changes, tuple(queries), {'captions': captions})

    def _annotations(self, split: str) -> Path:
        return self.root / 'annotations' / f'{split}.json'


def says_nothing_changed(text: str) -> bool:
    """Tells whether a sentence says that the images are alike: 'there are no differences', 'same picture'."""
    said = text.lower().strip()
    return bool((_DENIED.search(said) or _ALIKE.fullmatch(said)) and not _BUT.search(said))


def _published_changes(path: Path, before: Picture, after: Picture) -> tuple[Change, ...]:
    """Returns the regions of a published difference image."""
    values = read_mask(path)
    dark = values < 128
    # Differences are the rarer side, whichever of black and white the background is.
    mask = dark if np.count_nonzero(dark) * 2 < dark.size else ~dark
    frame: Any = (mask.shape[1], mask.shape[0])
    return tuple(
        Change(
            number,
            UNKNOWN_KIND,
            *(box_in(picture, box, str(path), frame) for picture in (before, after)),
            extra={'box_source': SOURCE},
        )
        for number, box in enumerate(boxes_of_mask(mask, MIN_PIXELS, JOIN_RADIUS))
    )
