"""Change detection sets of folders: images before, images after, masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from difftracker.errors import AnnotationError, ConfigError, ImageReadError
from difftracker.structures import Change
from difftracker.utils.mask_boxes import boxes_of_mask

from .boxes import box_in
from .converted_pair import ConvertedPair
from .converter import UNKNOWN_KIND, Converter
from .masks import is_marked, read_mask
from .source_files import read_lines

SPLITS = ('train', 'val', 'test')
# What the sets call the three folders.
_BEFORE, _AFTER = ('A', 'time1', 't1', 'im1', 'Image1'), ('B', 'time2', 't2', 'im2', 'Image2')
_LABEL = ('label', 'OUT', 'mask')
_SUFFIXES = ('.png', '.jpg', '.jpeg', '.tif', '.tiff', '.bmp')


class MaskFolders(Converter):
    """Reads change detection sets in the layouts that Open-CD reads: LEVIR-CD, WHU-CD, SYSU-CD, CLCD, DSIFN, SVCD, ...

    Either a folder per split that holds the three folders (`train/A`, `train/B`, `train/label`), or the three folders
    and `list/<split>.txt` with a name per line. The folders may be called `A`, `B`, `label`, or `time1`, `time2`, or
    `t1`, `t2`, `mask`, or `im1`, `im2`, or `Image1`, `Image2`, or `OUT`. The three files of a pair have one name, apart
    from the suffix. Masks are two-valued: 0 and 1, or 0 and 255. Their connected pieces become boxes in both images; a
    pair whose mask marks nothing becomes a pair without changes.

    Args:
        root: The data set.
        min_area: Pixels of the mask that a piece needs.
        dilate: Radius in px that the mask is grown by to join pieces that lie near one another.

    Raises:
        ConfigError: `min_area` is below 1 or `dilate` below 0.
    """

    NAME: ClassVar[str] = 'mask-folders'
    SUMMARY: ClassVar[str] = 'Open-CD layouts (LEVIR-CD, WHU-CD, SYSU-CD, ...): A/, B/, label/ per split or with list/'
    SOURCE: ClassVar[str] = 'a change detection set'
    LICENSE: ClassVar[str] = "the data set's own"
    HAS_SENTENCES: ClassVar[bool] = False

    def __init__(self, root: str | Path, min_area: int = 16, dilate: int = 0) -> None:
        super().__init__(root)
        if min_area < 1 or dilate < 0:
            raise ConfigError(
                f'expected --min-area of at least 1 and --dilate of at least 0, found {min_area}, {dilate}'
            )
        self.min_area = min_area
        self.dilate = dilate

    @property
    def source(self) -> str:
        """The name of the folder: the files do not say which set it is."""
        return self.root.resolve().name

    def splits(self) -> Sequence[str]:
        """Returns those of `train`, `val` and `test` that are there in either layout."""
        return [split for split in SPLITS if self._list(split).is_file() or (self.root / split).is_dir()]

    def items(self, split: str) -> Sequence[tuple[str, tuple[Path, str]]]:
        """Returns the folder that holds the three folders, and the name of each pair."""
        path = self._list(split)
        if path.is_file():
            names = [
                self.file(name, f'{path}:{number}').relative_to(self.root).as_posix()
                for number, name in read_lines(path)
            ]
            return [(f'{split}-{_stem(name)}', (self.root, _stem(name))) for name in names]
        folder = self.root / split
        first = _one_of(folder, _BEFORE)
        files = sorted(file for file in first.rglob('*') if file.suffix.lower() in _SUFFIXES)
        if not files:
            raise AnnotationError(first, 'expected images, found none')
        stems = [_stem(file.relative_to(first).as_posix()) for file in files]
        return [(f'{split}-{stem}', (folder, stem)) for stem in stems]

    def convert(self, pair_id: str, item: tuple[Path, str]) -> ConvertedPair:
        """Converts one pair."""
        folder, stem = item
        before, after, mask_path = (_file(_one_of(folder, names), stem) for names in (_BEFORE, _AFTER, _LABEL))
        pictures = self.picture(before), self.picture(after)
        mask = is_marked(read_mask(mask_path))
        frame = (mask.shape[1], mask.shape[0])
        for picture in pictures:
            if picture.stored_size != frame:
                found = f'{picture.stored_size} in {picture.name}'
                raise ImageReadError(mask_path, f'expected a mask as large as its images, found {frame} and {found}')
        changes = tuple(
            Change(number, UNKNOWN_KIND, *(box_in(picture, box, str(mask_path)) for picture in pictures))
            for number, box in enumerate(boxes_of_mask(mask, self.min_area, self.dilate))
        )
        return ConvertedPair(*pictures, changes)

    def _list(self, split: str) -> Path:
        return self.root / 'list' / f'{split}.txt'


def _one_of(folder: Path, names: Sequence[str]) -> Path:
    """Returns the subfolder that goes by one of several names."""
    found = [folder / name for name in names if (folder / name).is_dir()]
    if len(found) != 1:
        raise AnnotationError(folder, f'expected one folder out of {", ".join(names)}, found {len(found)}')
    return found[0]


def _stem(name: str) -> str:
    """Returns a name without an image suffix; dots inside it stay."""
    suffix = next((suffix for suffix in _SUFFIXES if name.lower().endswith(suffix)), '')
    return name[: len(name) - len(suffix)]


def _file(folder: Path, stem: str) -> Path:
    """Returns the image file of a name."""
    for suffix in _SUFFIXES:
        for path in (folder / f'{stem}{suffix}', folder / f'{stem}{suffix.upper()}'):
            if path.is_file():
                return path
    raise ImageReadError(folder / stem, f'expected an image of that name ({", ".join(_SUFFIXES)}), found none')
