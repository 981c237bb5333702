"""DeepPCB: circuit boards with defects and their defect-free templates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from difftracker.errors import AnnotationError
from difftracker.structures import Change

from .boxes import box_in
from .converted_pair import ConvertedPair
from .converter import Converter
from .source_files import read_lines

DEFECTS = {1: 'open', 2: 'short', 3: 'mousebite', 4: 'spur', 5: 'copper', 6: 'pin-hole'}


class DeepPcb(Converter):
    """Reads DeepPCB (Tang et al., 2019) as its repository holds it.

    `trainval.txt` and `test.txt` name an image and an annotation file per line; the image stands for the pair
    `<id>_temp.jpg` and `<id>_test.jpg`. An annotation file has one defect per line: two corners and a class, divided by
    blanks, or by commas as the set's README says. Both images get the same box, because they are aligned.

    Args:
        root: The repository or its folder `PCBData`.
    """

    NAME: ClassVar[str] = 'deeppcb'
    SUMMARY: ClassVar[str] = 'DeepPCB, circuit boards: PCBData/ with trainval.txt and test.txt'
    SOURCE: ClassVar[str] = 'DeepPCB'
    LICENSE: ClassVar[str] = 'MIT; its README allows research use only'
    DOMAIN: ClassVar[str] = 'board'
    HAS_SENTENCES: ClassVar[bool] = False

    def __init__(self, root: str | Path) -> None:
        super().__init__(root)
        if (self.root / 'PCBData').is_dir():
            self.root = self.root / 'PCBData'

    def splits(self) -> Sequence[str]:
        """Returns `trainval` and `test`, those whose list is there."""
        return [split for split in ('trainval', 'test') if (self.root / f'{split}.txt').is_file()]

    def items(self, split: str) -> Sequence[tuple[str, tuple[Path, Path]]]:
        """Returns image and annotation file of each line of the list."""
        found = []
        path = self.root / f'{split}.txt'
        for number, line in read_lines(path):
            names = line.split()
            if len(names) != 2:
                raise AnnotationError(path, f'expected an image and an annotation file, found {line!r}', number)
            image, annotation = (self.file(name, f'{path}:{number}') for name in names)
            found.append((f'deeppcb-{image.stem}', (image, annotation)))
        return found

    def convert(self, pair_id: str, item: tuple[Path, Path]) -> ConvertedPair:
        """Converts one board."""
        image, annotation = item
        before, after = (image.with_name(f'{image.stem}_{side}{image.suffix}') for side in ('temp', 'test'))
        pictures = self.picture(before), self.picture(after)
        changes = []
        for number, line in read_lines(annotation):
            where = f'{annotation}:{number}'
            values = line.replace(',', ' ').split()
            if len(values) != 5 or not all(value.isdigit() for value in values):
                raise AnnotationError(where, f'expected x1, y1, x2, y2 and a class, found {line!r}')
            *corners, defect = map(int, values)
            if defect not in DEFECTS:
                raise AnnotationError(where, f'expected a class out of {", ".join(map(str, DEFECTS))}, found {defect}')
            boxes = (box_in(picture, corners, where) for picture in pictures)
            changes.append(Change(len(changes), DEFECTS[defect], *boxes))
        return ConvertedPair(*pictures, tuple(changes), extra={'group': image.parent.parent.name})
