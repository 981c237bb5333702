"""Image-Editing-Request: photographs edited on request, with the request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from difftracker.errors import ConfigError
from difftracker.structures import Query

from .converted_pair import ConvertedPair
from .converter import UNKNOWN_KIND, Converter
from .left_out import LeftOut
from .picture import Picture
from .pixel_boxes import NEEDED, pixel_changes
from .source_files import field, read_json, sentences


class ImageEditingRequest(Converter):
    """Reads the Image Editing Request data set (Tan et al., ACL 2019).

    `train.json`, `valid.json` and `test.json` list pairs: `img0`, `img1`, `sents` and `uid`. The set says nowhere what
    part of the image was edited. Each sentence describes the whole edit, so it asks for every region that differs.

    Args:
        root: The folder that holds the JSON files.
        images: Folder of the images; `images` in the root where None.
        pixel_boxes: Take boxes from alignment and pixel difference.

    Raises:
        ConfigError: `pixel_boxes` is not set: there are no boxes to convert.
    """

    NAME: ClassVar[str] = 'image-editing-request'
    SUMMARY: ClassVar[str] = 'Image-Editing-Request: train/valid/test.json and images/; needs --pixel-boxes'
    SOURCE: ClassVar[str] = 'Image Editing Request'
    LICENSE: ClassVar[str] = 'not stated; photographs of users of Reddit and Zhopped'

    def __init__(self, root: str | Path, images: str | Path | None = None, pixel_boxes: bool = False) -> None:
        super().__init__(root)
        if not pixel_boxes:
            raise ConfigError(f'{self.SOURCE} {NEEDED}')
        self.images = self.root / 'images' if images is None else Path(images)

    def splits(self) -> Sequence[str]:
        """Returns those of `train`, `valid` and `test` whose file is there."""
        return [split for split in ('train', 'valid', 'test') if (self.root / f'{split}.json').is_file()]

    def items(self, split: str) -> Sequence[tuple[str, tuple[str, Any]]]:
        """Returns the entries of a split."""
        path = self.root / f'{split}.json'
        entries = read_json(path, list)
        return [
            (f'ier-{field(entry, "uid", str, f"{path}: entry {number}")}', (f'{path}: entry {number}', entry))
            for number, entry in enumerate(entries)
        ]

    def convert(self, pair_id: str, item: tuple[str, Any]) -> ConvertedPair | LeftOut:
        """Converts one pair."""
        where, entry = item
        names = [field(entry, name, str, where) for name in ('img0', 'img1')]
        before, after = (Picture(name, self.file(name, where, self.images)) for name in names)
        texts = sentences(field(entry, 'sents', list, where), where)
        changes = pixel_changes(before, after)
        if not changes:
            return LeftOut('no region differs between the images')
        answers = tuple(change.change_id for change in changes)
        queries = (Query(f'q{number}', text, UNKNOWN_KIND, answers) for number, text in enumerate(texts))
        return ConvertedPair(before, after, changes, tuple(queries))
