"""What all converters have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from difftracker.errors import AnnotationError

from .converted_pair import ConvertedPair
from .left_out import LeftOut
from .picture import Picture

# Type of a change where the data set does not say what kind of change it is.
UNKNOWN_KIND = 'change'


class Converter(ABC):
    """Reads one public data set as it is distributed.

    Further arguments of a subclass are options of the command of the same name.

    Attributes:
        NAME: What the format is called on the command line.
        SUMMARY: One line for the list of formats.
        SOURCE: Name of the data set.
        LICENSE: Its terms as far as its authors state them.
        DOMAIN: Wording that suits its pictures: `photo`, `screen` or `board`.
        HAS_SENTENCES: Whether it publishes sentences.

    Args:
        root: Folder of the data set, unpacked.

    Raises:
        AnnotationError: There is no such folder.
    """

    NAME: ClassVar[str]
    SUMMARY: ClassVar[str]
    SOURCE: ClassVar[str]
    LICENSE: ClassVar[str]
    DOMAIN: ClassVar[str] = 'photo'
    HAS_SENTENCES: ClassVar[bool] = True

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise AnnotationError(self.root, f'expected the folder of {self.SOURCE}, found no folder')

    @property
    def source(self) -> str:
        """Name of the data set, for the records."""
        return self.SOURCE

    @property
    def license(self) -> str:
        """Terms of the data set, for the records."""
        return self.LICENSE

    @abstractmethod
    def splits(self) -> Sequence[str]:
        """Returns the names of the splits that the folder holds, as published."""

    @abstractmethod
    def items(self, split: str) -> Sequence[tuple[str, Any]]:
        """Returns the pairs of a split: an id, unique in the data set, and whatever `convert` needs.

        Raises:
            AnnotationError: A file that describes the split is missing or broken.
        """

    @abstractmethod
    def convert(self, pair_id: str, item: Any) -> ConvertedPair | LeftOut:
        """Converts one pair.

        Raises:
            DiffTrackerError: The pair is broken.
        """

    def file(self, name: str, where: str | Path, folder: Path | None = None) -> Path:
        """Returns the path of a file that the data set names.

        Args:
            name: Its name, with `/`.
            where: What the name stands in, for the error.
            folder: Folder that the name starts from; the root where None.

        Raises:
            AnnotationError: The name leaves the folder.
        """
        parts = PurePosixPath(name)
        if not name.strip() or parts.is_absolute() or '..' in parts.parts or '\0' in name:
            raise AnnotationError(where, f'expected a path inside the data set, found {name!r}')
        return (folder or self.root) / parts

    def picture(self, path: Path) -> Picture:
        """Returns an image file of the data set; in the new set it keeps its path below the root."""
        return Picture(path.relative_to(self.root).as_posix(), path)
